import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.*;
import java.io.*;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.pinot.segment.local.segment.creator.TransformPipeline;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.*;
import org.apache.pinot.spi.data.readers.*;
import org.apache.pinot.spi.utils.*;

/** java -cp ... Records < cases > answers: a case a line {"schema": {}, "table": {}, "records": [{}]}; the answer has
 *  "rows": for each record the rows that it becomes, or {"error": text}. Null fields are null, bytes hexadecimal. */
public class Records {
  static class Json extends BaseRecordExtractor<Map<String, Object>> {
    public void init(Set<String> fields, RecordExtractorConfig config) { }
    public GenericRow extract(Map<String, Object> from, GenericRow to) {
      for (Map.Entry<String, Object> e : from.entrySet()) to.putValue(e.getKey(), e.getValue() == null ? null : convert(e.getValue()));
      return to;
    }
  }
  static JsonNode shown(Object v, FieldSpec f) {
    if (v == null) return NullNode.instance;
    if (v instanceof Object[]) { ArrayNode a = JsonUtils.newArrayNode(); for (Object o : (Object[]) v) a.add(shown(o, f)); return a; }
    if (v instanceof byte[]) return TextNode.valueOf(BytesUtils.toHexString((byte[]) v));
    if (v instanceof BigDecimal) return TextNode.valueOf(((BigDecimal) v).toPlainString());
    if (v instanceof Float || v instanceof Double) { double d = ((Number) v).doubleValue(); if (Double.isInfinite(d) || Double.isNaN(d)) return TextNode.valueOf("" + d); return v instanceof Float ? DoubleNode.valueOf(Double.parseDouble(v.toString())) : DoubleNode.valueOf(d); }
    return JsonUtils.objectToJsonNode(v);
  }
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      ObjectNode told = (ObjectNode) JsonUtils.stringToJsonNode(line);
      ArrayNode rows = told.putArray("rows");
      Schema schema; TransformPipeline pipeline;
      try {
        schema = Schema.fromString(told.get("schema").toString());
        pipeline = new TransformPipeline(JsonUtils.jsonNodeToObject(told.get("table"), TableConfig.class), schema);
      } catch (Throwable e) { told.put("refused", String.valueOf(e.getMessage())); out.println(told); continue; }
      for (JsonNode record : told.get("records")) {
        try {
          GenericRow row = new Json().extract(JsonUtils.stringToObject(record.toString(), Map.class), new GenericRow());
          TransformPipeline.Result result = pipeline.processRow(row);
          ArrayNode made = JsonUtils.newArrayNode();
          for (GenericRow one : result.getTransformedRows()) {
            ObjectNode o = made.addObject();
            for (String c : schema.getPhysicalColumnNames()) o.set(c, one.isNullValue(c) ? NullNode.instance : shown(one.getValue(c), schema.getFieldSpecFor(c)));
          }
          rows.add(made);
        } catch (Throwable e) { Throwable c = e; while (c.getCause() != null) c = c.getCause(); ObjectNode o = JsonUtils.newObjectNode(); o.put("error", String.valueOf(c.getMessage())); rows.add(o); }
      }
      out.println(told);
    }
    System.exit(0);
  }
}
