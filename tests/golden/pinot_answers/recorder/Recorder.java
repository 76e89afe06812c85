import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.*;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.pinot.common.datatable.*;
import org.apache.pinot.common.metrics.*;
import org.apache.pinot.common.request.*;
import org.apache.pinot.common.response.broker.BrokerResponseNative;
import org.apache.pinot.common.utils.request.RequestUtils;
import org.apache.pinot.core.common.datatable.*;
import org.apache.pinot.core.data.manager.InstanceDataManager;
import org.apache.pinot.core.data.manager.offline.ImmutableSegmentDataManager;
import org.apache.pinot.core.operator.blocks.InstanceResponseBlock;
import org.apache.pinot.core.query.executor.ServerQueryExecutorV1Impl;
import org.apache.pinot.core.query.optimizer.QueryOptimizer;
import org.apache.pinot.core.query.reduce.BrokerReduceService;
import org.apache.pinot.core.query.request.ServerQueryRequest;
import org.apache.pinot.core.transport.ServerRoutingInstance;
import org.apache.pinot.core.util.GapfillUtils;
import org.apache.pinot.segment.local.data.manager.*;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentLoader;
import org.apache.pinot.segment.local.segment.creator.impl.SegmentIndexCreationDriverImpl;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;
import org.apache.pinot.segment.local.segment.readers.GenericRowRecordReader;
import org.apache.pinot.segment.spi.*;
import org.apache.pinot.segment.spi.creator.SegmentGeneratorConfig;
import org.apache.pinot.spi.config.table.*;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.env.PinotConfiguration;
import org.apache.pinot.spi.utils.*;
import org.apache.pinot.sql.parsers.*;

/** Asks Apache Pinot's own classes: builds a segment of each *.jsonl of the folders given (schema.json, table.json), in
 *  the order of their names, reads queries (a line each, or JSON with "sql") and prints an answer a line as JSON.
 *  What a broker does before it sends a query to a server, and that pinot-core has not, is done in prepare(). */
public class Recorder {
  static final Map<String, Table> TABLES = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  static final ExecutorService POOL = Executors.newFixedThreadPool(2, r -> { Thread t = new Thread(r); t.setDaemon(true); return t; });

  record Table(String name, Schema schema, TableConfig config, List<ImmutableSegment> segments) { }

  static Object value(JsonNode node) {
    if (node.isObject()) { Map<String, Object> map = new LinkedHashMap<>(); node.fields().forEachRemaining(e -> map.put(e.getKey(), value(e.getValue()))); return map; }
    if (node.isArray()) { Object[] all = new Object[node.size()]; for (int i = 0; i < all.length; i++) all[i] = value(node.get(i)); return all; }
    if (node.isNull()) return null;
    if (node.isInt()) return node.intValue();
    if (node.isLong()) return node.longValue();
    if (node.isBigInteger()) return new java.math.BigDecimal(node.bigIntegerValue());
    if (node.isNumber()) return node.doubleValue();
    if (node.isBoolean()) return node.booleanValue();
    return node.asText();
  }

  static Table load(Path folder, Path work) throws Exception {
    Schema schema = Schema.fromString(Files.readString(folder.resolve("schema.json")));
    TableConfig config = JsonUtils.stringToObject(Files.readString(folder.resolve("table.json")), TableConfig.class);
    List<ImmutableSegment> segments = new ArrayList<>();
    List<Path> files; try (Stream<Path> s = Files.list(folder)) { files = s.filter(p -> p.toString().endsWith(".jsonl")).sorted().collect(Collectors.toList()); }
    for (Path file : files) {
      List<GenericRow> rows = new ArrayList<>();
      for (String line : Files.readAllLines(file)) {
        if (line.isBlank()) continue;
        GenericRow row = new GenericRow();
        JsonUtils.stringToJsonNode(line).fields().forEachRemaining(e -> row.putValue(e.getKey(), value(e.getValue())));
        rows.add(row);
      }
      String name = schema.getSchemaName() + "_" + file.getFileName().toString().replace(".jsonl", "");
      SegmentGeneratorConfig generator = new SegmentGeneratorConfig(config, schema);
      generator.setOutDir(work.toString()); generator.setSegmentName(name); generator.setTableName(config.getTableName());
      SegmentIndexCreationDriverImpl driver = new SegmentIndexCreationDriverImpl();
      driver.init(generator, new GenericRowRecordReader(rows)); driver.build();
      IndexLoadingConfig loading = new IndexLoadingConfig(config, schema);
      loading.setReadMode(ReadMode.heap);
      segments.add(ImmutableSegmentLoader.load(new File(work.toFile(), name), loading));
    }
    return new Table(config.getTableName(), schema, config, segments);
  }

  static Object manager(Table table) {
    Map<ImmutableSegment, SegmentDataManager> held = new LinkedHashMap<>();
    for (ImmutableSegment s : table.segments()) held.put(s, new ImmutableSegmentDataManager(s));
    return Proxy.newProxyInstance(Recorder.class.getClassLoader(), new Class[]{TableDataManager.class}, (p, m, a) -> {
      switch (m.getName()) {
        case "acquireSegments": case "acquireAllSegments": return new ArrayList<>(held.values());
        case "getSegmentContexts": return ((List<IndexSegment>) a[0]).stream().map(SegmentContext::new).collect(Collectors.toList());
        case "getTableName": return table.name();
        case "getNumSegments": return held.size();
        case "getCachedTableConfigAndSchema": return org.apache.commons.lang3.tuple.Pair.of(table.config(), table.schema());
        case "isSegmentDeletedRecently": return false;
        case "hashCode": return 1; case "equals": return p == a[0]; case "toString": return table.name();
      }
      if (m.isDefault()) return java.lang.reflect.InvocationHandler.invokeDefault(p, m, a);
      if (m.getReturnType() == boolean.class) return false;
      return null;
    });
  }

  public static void main(String[] folders) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Path work = Files.createTempDirectory("recorder");
    Map<String, Object> managers = new HashMap<>();
    for (String folder : folders) {
      Table table = load(Path.of(folder), work);
      TABLES.put(table.schema().getSchemaName(), table);
      managers.put(table.name(), manager(table));
    }
    InstanceDataManager instance = (InstanceDataManager) Proxy.newProxyInstance(Recorder.class.getClassLoader(), new Class[]{InstanceDataManager.class}, (p, m, a) -> {
      switch (m.getName()) {
        case "getTableDataManager": return managers.get(a[0]);
        case "getInstanceId": return "Server_127.0.0.1_8098";
        case "hashCode": return 1; case "equals": return p == a[0]; case "toString": return "instance";
      }
      return null;
    });
    ServerQueryExecutorV1Impl executor = new ServerQueryExecutorV1Impl();
    executor.init(new PinotConfiguration(Map.of("timeout", "15000")
        .entrySet().stream().collect(Collectors.toMap(e -> e.getKey(), e -> (Object) e.getValue()))), instance, ServerMetrics.get());
    executor.start();
    BrokerReduceService reducer = new BrokerReduceService(new PinotConfiguration(Map.of(CommonConstants.Broker.CONFIG_OF_MAX_REDUCE_THREADS_PER_QUERY, 2)));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    long id = 0;
    for (String line; (line = in.readLine()) != null; ) {
      if (line.isBlank()) continue;
      String sql = line.startsWith("{") ? JsonUtils.stringToJsonNode(line).get("sql").asText() : line;
      ObjectNode told = JsonUtils.newObjectNode();
      told.put("sql", sql);
      try { ask(sql, ++id, executor, reducer, told); }
      catch (Throwable e) { told.put("refused", true); told.put("why", e.getClass().getSimpleName() + ": " + e.getMessage()); }
      out.println(told);
    }
    System.exit(0);
  }

  static void prepare(PinotQuery query, Table table) {
    for (Expression one : query.getSelectList()) ofValues(one, table.schema());
    if (query.getOrderByList() != null) for (Expression one : query.getOrderByList()) ofValues(one.getFunctionCall().getOperands().get(0), table.schema());
    if (query.getHavingExpression() != null) ofValues(query.getHavingExpression(), table.schema());
    Set<String> truncated = new HashSet<>();
    if (table.config().getFieldConfigList() != null)
      for (FieldConfig field : table.config().getFieldConfigList()) if (field.getTimestampConfig() != null) truncated.add(field.getName());
    List<Expression> all = new ArrayList<>(query.getSelectList());
    for (List<Expression> some : Arrays.asList(query.getGroupByList(), query.getOrderByList())) if (some != null) all.addAll(some);
    for (Expression one : Arrays.asList(query.getFilterExpression(), query.getHavingExpression())) if (one != null) all.add(one);
    for (Expression one : all) override(one, query, truncated);
    new QueryOptimizer().optimize(query, table.schema());
  }

  static final Set<String> OVER_VALUES = Set.of("distinctcount", "distinctcountbitmap", "distinctcounthll", "distinctcountrawhll", "distinctsum", "distinctavg",
      "count", "min", "max", "avg", "sum", "minmaxrange", "distinctcounthllplus", "distinctcountrawhllplus");

  static void ofValues(Expression expression, Schema schema) {
    Function function = expression.getFunctionCall();
    if (function == null) return;
    if (!OVER_VALUES.contains(function.getOperator())) { for (Expression one : function.getOperands()) ofValues(one, schema); return; }
    Expression first = function.getOperands().isEmpty() ? null : function.getOperands().get(0);
    if (first == null || !first.isSetIdentifier()) return;
    org.apache.pinot.spi.data.FieldSpec field = schema.getFieldSpecFor(first.getIdentifier().getName());
    if (field != null && !field.isSingleValueField()) function.setOperator(function.getOperator() + "mv");
  }

  static void override(Expression expression, PinotQuery query, Set<String> truncated) {
    if (expression.getFunctionCall() == null) return;
    RequestUtils.applyTimestampIndexOverrideHints(expression, query, truncated::contains);
    for (Expression one : expression.getFunctionCall().getOperands()) override(one, query, truncated);
  }

  static boolean constant(PinotQuery query, boolean value) {
    return RequestUtils.getLiteralExpression(value).equals(query.getFilterExpression());
  }

  static void ask(String sql, long id, ServerQueryExecutorV1Impl executor, BrokerReduceService reducer, ObjectNode told) throws Exception {
    SqlNodeAndOptions parsed = RequestUtils.parseQuery(sql);
    PinotQuery query = CalciteSqlParser.compileToPinotQuery(parsed);
    String raw = query.getDataSource().getTableName();
    if (raw == null && query.getDataSource().getSubquery() != null) raw = query.getDataSource().getSubquery().getDataSource().getTableName();
    Table table = TABLES.get(raw);
    PinotQuery server = GapfillUtils.stripGapfill(query);
    for (PinotQuery one : new LinkedHashSet<>(List.of(query, server))) { if (one.getDataSource().getTableName() != null) one.getDataSource().setTableName(table.name()); }
    for (PinotQuery one : new LinkedHashSet<>(List.of(query, server))) prepare(one, table);
    if (constant(server, false) && server.isExplain()) {
      told.putPOJO("rows", List.of(List.of("BROKER_EVALUATE", 0, -1)));
      return;
    }
    if (constant(server, true)) server.setFilterExpression(null);
    BrokerRequest request = CalciteSqlCompiler.convertToBrokerRequest(query);
    BrokerRequest serverRequest = server == query ? request : CalciteSqlCompiler.convertToBrokerRequest(server);
    InstanceRequest instanceRequest = new InstanceRequest(id, serverRequest);
    instanceRequest.setSearchSegments(table.segments().stream().map(IndexSegment::getSegmentName).collect(Collectors.toList()));
    ServerQueryRequest asked = new ServerQueryRequest(instanceRequest, ServerMetrics.get(), System.currentTimeMillis());
    InstanceResponseBlock block;
    try (org.apache.pinot.spi.query.QueryThreadContext context = org.apache.pinot.spi.query.QueryThreadContext.openForSseTest()) {
      block = executor.execute(asked, POOL);
      DataTable data = DataTableFactory.getDataTable(block.toDataTable().toBytes());
      BrokerResponseNative answer = reducer.reduceOnDataTable(request, serverRequest, new HashMap<>(Map.of(new ServerRoutingInstance("localhost", 1234, TableType.OFFLINE), data)), 15000, BrokerMetrics.get());
      JsonNode whole = JsonUtils.objectToJsonNode(answer);
      if (whole.path("exceptions").size() > 0) { told.put("refused", true); told.put("why", whole.path("exceptions").get(0).toString().split("\\\\n")[0]); return; }
      JsonNode result = whole.path("resultTable");
      told.set("names", result.path("dataSchema").path("columnNames")); told.set("types", result.path("dataSchema").path("columnDataTypes")); told.set("rows", result.path("rows"));
      for (String name : List.of("numDocsScanned", "totalDocs", "numEntriesScannedInFilter", "numEntriesScannedPostFilter", "numSegmentsQueried", "numSegmentsProcessed", "numSegmentsMatched", "numSegmentsPrunedByServer", "numSegmentsPrunedByLimit", "numSegmentsPrunedByValue", "numSegmentsPrunedInvalid", "numGroupsLimitReached", "groupsTrimmed", "explainPlanNumEmptyFilterSegments", "explainPlanNumMatchAllFilterSegments"))
        told.set(name, whole.path(name));
    }
  }
}
