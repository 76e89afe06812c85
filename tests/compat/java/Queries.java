// Asks an engine through Apache Pinot's Java client and its JDBC driver, and prints one "name: value" a line.
// Arguments: controller host:port, broker host:port.

import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSetMetaData;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.pinot.client.Connection;
import org.apache.pinot.client.ConnectionFactory;
import org.apache.pinot.client.PinotDriver;
import org.apache.pinot.client.ResultSet;
import org.apache.pinot.client.ResultSetGroup;

public class Queries {
  public static void main(String[] places) {
    int code = 1;
    try {
      all(places);
      code = 0;
    } catch (Throwable error) {
      error.printStackTrace();
    }
    System.exit(code);  // the clients' own threads would live on
  }

  static void all(String[] places) throws Exception {
    client("hosts", ConnectionFactory.fromHostList(places[1]));
    Properties properties = new Properties();
    properties.setProperty("brokerTenant", "DefaultTenant");
    client("controller", ConnectionFactory.fromController(properties, places[0]));
    multistage(places[1]);
    jdbc("jdbc:pinot://" + places[0], places[1]);
  }

  static void say(String name, Object value) {
    System.out.println(name + ": " + value);
  }

  static void client(String name, Connection connection) throws Exception {
    ResultSetGroup answer = connection.execute("SELECT id, name, tags, amount FROM kinds ORDER BY id LIMIT 2");
    ResultSet rows = answer.getResultSet(0);
    for (int row = 0; row < rows.getRowCount(); row++) {
      say(name + ".row" + row, rows.getInt(row, 0) + "|" + rows.getString(row, 1) + "|" + rows.getString(row, 2) + "|"
          + rows.getDouble(row, 3));
    }
    say(name + ".columns", rows.getColumnName(0) + "," + rows.getColumnName(1) + " " + rows.getColumnDataType(0));
    say(name + ".docs", answer.getExecutionStats().getTotalDocs() + " " + answer.getExecutionStats().getNumServersQueried()
        + " " + answer.getExecutionStats().isNumGroupsLimitReached());
    say(name + ".grouped", connection.execute("SELECT city, count(*) FROM visits GROUP BY city ORDER BY city")
        .getResultSet(0).getLong(0, 1));
    org.apache.pinot.client.PreparedStatement prepared =
        connection.prepareStatement("SELECT id FROM kinds WHERE name = ? AND id < ?");
    prepared.setString(0, "O'Hara 100%");
    prepared.setInt(1, 9);
    say(name + ".prepared", prepared.execute().getResultSet(0).getInt(0, 0));
    say(name + ".future", connection.executeAsync("SELECT count(*) FROM kinds").get().getResultSet(0).getInt(0, 0));
    try {
      connection.execute("SELECT nothing FROM kinds");
      say(name + ".refused", "no");
    } catch (Exception error) {
      say(name + ".refused", error.getMessage().contains("710"));
    }
    try {
      connection.execute("SELECT id FROM nowhere");
      say(name + ".nowhere", "no");
    } catch (Exception error) {
      say(name + ".nowhere", true);
    }
  }

  static void multistage(String broker) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("useMultistageEngine", "true");
    Connection connection = ConnectionFactory.fromHostList(properties, List.of(broker),
        new org.apache.pinot.client.JsonAsyncHttpPinotClientTransportFactory().withConnectionProperties(properties)
            .buildTransport());
    say("multistage", connection.execute("SELECT count(*) FROM visits a JOIN visits b ON a.millis = b.millis")
        .getResultSet(0).getInt(0, 0));
  }

  static void jdbc(String url, String broker) throws Exception {
    DriverManager.registerDriver(new PinotDriver());
    Properties properties = new Properties();
    properties.setProperty("headers.X-Anything", "1");
    try (java.sql.Connection connection = DriverManager.getConnection(url, properties)) {
      try (java.sql.Statement statement = connection.createStatement();
          java.sql.ResultSet rows = statement.executeQuery(
              "SELECT id, big, name, flag, amount, exact, at, raw, doc FROM kinds ORDER BY id LIMIT 2")) {
        ResultSetMetaData told = rows.getMetaData();
        List<String> columns = new ArrayList<>();
        for (int column = 1; column <= told.getColumnCount(); column++) {
          columns.add(told.getColumnName(column) + " " + told.getColumnTypeName(column));
        }
        say("jdbc.columns", columns);
        rows.next();
        say("jdbc.values", rows.getInt(1) + "|" + rows.getLong("big") + "|" + rows.getString("name") + "|"
            + rows.getBoolean("flag") + "|" + rows.getDouble(5) + "|" + rows.getString("at") + "|"
            + rows.getString("raw") + "|" + rows.getString("doc"));
        say("jdbc.timestamp", rows.getTimestamp("at").toString());
        rows.next();
        say("jdbc.second", rows.getString("name"));
        say("jdbc.last", !rows.next());
      }
      try (java.sql.PreparedStatement statement =
          connection.prepareStatement("SELECT city, sum(\"count\") FROM visits WHERE city = ? GROUP BY city")) {
        statement.setString(1, "Rio");
        java.sql.ResultSet rows = statement.executeQuery();
        rows.next();
        say("jdbc.prepared", rows.getString(1) + " " + (rows.getDouble(2) > 0));
      }
      DatabaseMetaData told = connection.getMetaData();
      say("jdbc.product", told.getDatabaseProductName() + " " + told.getDriverName());
      List<String> tables = new ArrayList<>();
      try (java.sql.ResultSet found = told.getTables(null, null, null, new String[]{"TABLE"})) {
        while (found.next()) {
          tables.add(found.getString("TABLE_NAME"));
        }
      }
      say("jdbc.tables", tables);
      List<String> columns = new ArrayList<>();
      try (java.sql.ResultSet found = told.getColumns(null, null, "kinds", null)) {
        while (found.next()) {
          columns.add(found.getString("COLUMN_NAME") + " " + found.getString("TYPE_NAME"));
        }
      }
      say("jdbc.kinds", columns);
      try (java.sql.Statement statement = connection.createStatement()) {
        statement.executeQuery("SELECT nothing FROM kinds");
        say("jdbc.refused", "no");
      } catch (Exception error) {
        say("jdbc.refused", true);
      }
    }
  }
}
