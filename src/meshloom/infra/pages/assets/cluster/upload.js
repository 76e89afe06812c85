// A file becomes a segment: chosen or dropped, sent with progress, read by the engine.
import { bytes, card, h, trouble } from "./dom.js";

const endings = { csv: "csv", tsv: "csv", txt: "csv", json: "json", jsonl: "json", ndjson: "json", parquet: "parquet", avro: "avro", orc: "orc", arrow: "arrow" };

export function uploading({ rest }, { name, kind }, changed) {
  if (kind !== "OFFLINE") return card("Take in a file", h("p", { class: "dim" }, "A realtime table reads its stream; files go into its offline table."));
  const file = h("input", { type: "file", id: "c-file", required: true });
  const format = h("select", { id: "c-format" }, ["csv", "json", "parquet", "avro", "orc", "arrow"].map((one) => h("option", { value: one }, one)));
  const delimiter = h("input", { id: "c-delimiter", value: ",", size: "2", maxlength: "2" });
  const bar = h("progress", { max: "1", value: "0", "aria-label": "How much was sent", hidden: true });
  const said = h("div", { role: "status", "aria-live": "polite" });
  const send = h("button", { class: "button primary" }, "Upload");
  const separated = h("label", { for: "c-delimiter" }, "Separated by ", delimiter);

  const guess = () => {
    const chosen = file.files[0];
    if (!chosen) return;
    const ending = chosen.name.replace(/\.gz$/, "").split(".").at(-1).toLowerCase();
    format.value = endings[ending] ?? "csv";
    if (ending === "tsv") delimiter.value = "\\t";
    separated.hidden = format.value !== "csv";
  };
  file.addEventListener("change", guess);
  format.addEventListener("change", () => { separated.hidden = format.value !== "csv"; });

  async function start(event) {
    event.preventDefault();
    const chosen = file.files[0], batch = { inputFormat: format.value };
    if (format.value === "csv") batch["recordReader.prop.delimiter"] = delimiter.value.replace("\\t", "\t");
    send.disabled = true;
    bar.hidden = false;
    const began = performance.now();
    try {
      const answer = await rest.upload(`/ingestFromFile?tableNameWithType=${encodeURIComponent(name)}&batchConfigMapStr=${encodeURIComponent(JSON.stringify(batch))}`, chosen, (share) => {
        bar.value = share;
        said.textContent = share < 1 ? `${Math.round(share * 100)} % of ${bytes(chosen.size)} sent` : "Sent. The engine reads it and builds the segment…";
      });
      sessionStorage.setItem("meshloom-uploaded", `${answer.status} It took ${((performance.now() - began) / 1000).toFixed(1)} s.`);
      changed();
    } catch (error) {
      said.replaceChildren(trouble(error, "The file was not taken in"));
    } finally {
      send.disabled = false;
      bar.hidden = true;
    }
  }

  const before = sessionStorage.getItem("meshloom-uploaded");
  if (before) { said.append(h("p", { class: "c-said" }, before)); sessionStorage.removeItem("meshloom-uploaded"); }
  return card("Take in a file", h("form", { class: "c-upload", onsubmit: start },
    h("label", { for: "c-file" }, h("span", { class: "hidden" }, "File"), file), h("label", { for: "c-format" }, "Format ", format), separated, send, bar), said);
}
