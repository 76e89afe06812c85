import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.segment.local.utils.*;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;

/** java -cp ... Validations < cases > answers: a case a line {"schema": text, "table": text, "before": text}, all but
 *  one of them optional. Judged are the schema (as POST /schemas does), that it may follow `before` (as PUT does), and
 *  the table config against the schema (as POST /tables does before it looks at the cluster). */
public class Validations {
  static String said(Throwable e) { return e.getMessage(); }

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    TableConfigUtils.setDisableGroovy(true);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      ObjectNode told = (ObjectNode) JsonUtils.stringToJsonNode(line);
      Schema schema = null;
      if (told.has("schema")) {
        try {
          Pair<Schema, Map<String, Object>> read = JsonUtils.stringToObjectAndUnrecognizedProperties(told.get("schema").asText(), Schema.class);
          schema = read.getLeft();
          told.set("schemaKept", schema.toJsonObject());
          told.set("schemaUnknown", JsonUtils.objectToJsonNode(read.getRight()));
          try { SchemaUtils.validate(schema); }
          catch (Throwable e) { told.put("schemaInvalid", said(e)); }
          if (told.has("before")) told.put("compatible", schema.isBackwardCompatibleWith(Schema.fromString(told.get("before").asText())));
        } catch (Throwable e) { told.put("schemaUnreadable", said(e)); }
      }
      if (told.has("table") && (schema != null || !told.has("schema"))) {
        TableConfig config = null;
        try {
          Pair<TableConfig, Map<String, Object>> read = JsonUtils.stringToObjectAndUnrecognizedProperties(told.get("table").asText(), TableConfig.class);
          config = read.getLeft();
          told.set("tableUnknown", JsonUtils.objectToJsonNode(read.getRight()));
        } catch (Throwable e) { told.put("tableUnreadable", said(e)); }
        if (config != null) {
          try { TableConfigUtils.validate(config, schema); TableConfigUtils.validateTableName(config);
            TableConfigUtils.ensureMinReplicas(config, 1); TableConfigUtils.ensureStorageQuotaConstraints(config, "200M"); }
          catch (Throwable e) { told.put("tableInvalid", said(e)); told.put("tableInvalidClass", e.getClass().getSimpleName()); }
          told.set("tableKept", JsonUtils.stringToJsonNode(config.toJsonString()));
        }
      }
      out.println(told);
    }
    System.exit(0);
  }
}
