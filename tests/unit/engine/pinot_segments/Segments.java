import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.commons.io.FileUtils;
import org.apache.pinot.common.utils.TarCompressionUtils;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentLoader;
import org.apache.pinot.segment.local.segment.creator.impl.SegmentIndexCreationDriverImpl;
import org.apache.pinot.segment.local.segment.readers.GenericRowRecordReader;
import org.apache.pinot.segment.local.segment.readers.PinotSegmentColumnReader;
import org.apache.pinot.segment.local.utils.CrcUtils;
import org.apache.pinot.segment.spi.ColumnMetadata;
import org.apache.pinot.segment.spi.ImmutableSegment;
import org.apache.pinot.segment.spi.creator.SegmentGeneratorConfig;
import org.apache.pinot.segment.spi.creator.SegmentVersion;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.utils.BytesUtils;
import org.apache.pinot.spi.utils.JsonUtils;
import org.apache.pinot.spi.utils.ReadMode;

/**
 * Makes and reads segments with Apache Pinot's own classes.
 *
 *   java Segments.java build OUT SPEC.json...   OUT/NAME.tar.gz, and what Pinot reads of it as OUT/NAME.json
 *   java Segments.java read OUT TAR...          what Pinot reads of each tar as OUT/NAME.json
 *
 * A SPEC: {"name", "schema", "table", "version": "v1"|"v3", "custom": {}, "rows": [{}]}; bytes in a row are {"hex": ""}.
 */
public class Segments {
  public static void main(String[] arguments) throws Exception {
    Path out = Path.of(arguments[1]);
    Files.createDirectories(out);
    Path work = Files.createTempDirectory("segments");
    try {
      for (int i = 2; i < arguments.length; i++) {
        if (arguments[0].equals("build")) {
          build(JsonUtils.stringToJsonNode(Files.readString(Path.of(arguments[i]))), out, work);
        } else {
          read(new File(arguments[i]), out, work.resolve("read" + i));
        }
      }
    } finally {
      FileUtils.deleteQuietly(work.toFile());
    }
    System.exit(0);
  }

  static void build(JsonNode spec, Path out, Path work) throws Exception {
    Schema schema = JsonUtils.jsonNodeToObject(spec.get("schema"), Schema.class);
    TableConfig table = JsonUtils.jsonNodeToObject(spec.get("table"), TableConfig.class);
    List<GenericRow> rows = new ArrayList<>();
    for (JsonNode row : spec.get("rows")) {
      GenericRow made = new GenericRow();
      row.fields().forEachRemaining(one -> made.putValue(one.getKey(), value(one.getValue())));
      rows.add(made);
    }
    String name = spec.get("name").asText();
    SegmentGeneratorConfig config = new SegmentGeneratorConfig(table, schema);
    config.setOutDir(work.toString());
    config.setTableName(table.getTableName());
    config.setSegmentName(name);
    config.setSegmentVersion(SegmentVersion.valueOf(spec.path("version").asText("v3")));
    Map<String, String> custom = new LinkedHashMap<>();
    spec.path("custom").fields().forEachRemaining(one -> custom.put(one.getKey(), one.getValue().asText()));
    config.setCustomProperties(custom);
    SegmentIndexCreationDriverImpl driver = new SegmentIndexCreationDriverImpl();
    driver.init(config, new GenericRowRecordReader(rows));
    driver.build();
    File tar = out.resolve(name + ".tar.gz").toFile();
    FileUtils.deleteQuietly(tar);
    TarCompressionUtils.createCompressedTarFile(new File(work.toFile(), name), tar);
    read(tar, out, work.resolve("again-" + name));
  }

  static Object value(JsonNode node) {
    if (node.isObject() && node.size() == 1 && node.has("hex")) return BytesUtils.toBytes(node.get("hex").asText());
    if (node.isObject()) {
      Map<String, Object> map = new LinkedHashMap<>();
      node.fields().forEachRemaining(one -> map.put(one.getKey(), value(one.getValue())));
      return map;
    }
    if (node.isArray()) {
      Object[] all = new Object[node.size()];
      for (int i = 0; i < all.length; i++) all[i] = value(node.get(i));
      return all;
    }
    if (node.isNull()) return null;
    if (node.isInt()) return node.intValue();
    if (node.isLong()) return node.longValue();
    if (node.isNumber()) return node.doubleValue();
    if (node.isBoolean()) return node.booleanValue();
    return node.asText();
  }

  static void read(File tar, Path out, Path work) throws Exception {
    File folder = TarCompressionUtils.untar(tar, work.toFile()).get(0);
    long computed = CrcUtils.computeCrc(folder);
    ImmutableSegment segment = ImmutableSegmentLoader.load(folder, ReadMode.mmap);
    ObjectNode told = JsonUtils.newObjectNode();
    told.put("name", segment.getSegmentName());
    told.put("crc", segment.getSegmentMetadata().getCrc());
    told.put("computed", String.valueOf(computed));
    told.put("created", segment.getSegmentMetadata().getIndexCreationTime());
    told.put("rows", segment.getSegmentMetadata().getTotalDocs());
    told.set("metadata", segment.getSegmentMetadata().toJson(null));
    ObjectNode columns = told.putObject("columns");
    for (String column : new TreeSet<>(segment.getPhysicalColumnNames())) {
      ColumnMetadata metadata = segment.getSegmentMetadata().getColumnMetadataFor(column);
      ObjectNode one = columns.putObject(column);
      one.put("type", metadata.getDataType().name());
      one.put("dictionary", metadata.hasDictionary());
      one.put("sorted", metadata.isSorted());
      if (segment.getForwardIndex(column) == null) continue;
      ArrayNode values = one.putArray("values"), nulls = one.putArray("nulls");
      PinotSegmentColumnReader reader = new PinotSegmentColumnReader(segment, column);
      for (int row = 0; row < segment.getSegmentMetadata().getTotalDocs(); row++) {
        values.add(shown(reader.getValue(row)));
        if (reader.isNull(row)) nulls.add(row);
      }
    }
    Files.writeString(out.resolve(segment.getSegmentName() + ".json"), JsonUtils.objectToString(told) + "\n");
    segment.destroy();
    FileUtils.deleteQuietly(work.toFile());
  }

  static JsonNode shown(Object value) throws Exception {
    if (value instanceof byte[]) return JsonUtils.objectToJsonNode(BytesUtils.toHexString((byte[]) value));
    if (value instanceof Object[]) {
      ArrayNode all = JsonUtils.newArrayNode();
      for (Object one : (Object[]) value) all.add(shown(one));
      return all;
    }
    if (value instanceof BigDecimal) return JsonUtils.objectToJsonNode(value.toString());
    if (value instanceof Float) return JsonUtils.objectToJsonNode(Double.toString((Float) value));
    if (value instanceof Double) return JsonUtils.objectToJsonNode(value.toString());
    return JsonUtils.objectToJsonNode(value);
  }
}
