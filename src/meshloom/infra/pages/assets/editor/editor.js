// The SQL editor: colours behind a textarea, completion of tables, columns and Pinot's words. Without it the textarea works.
const words = ("SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET AS AND OR NOT IN IS NULL BETWEEN LIKE CASE WHEN THEN ELSE END "
  + "DISTINCT COUNT SUM AVG MIN MAX DISTINCTCOUNT JOIN LEFT INNER ON UNION ALL WITH OVER PARTITION ASC DESC DATETRUNC CAST SET").split(" ");
const known = new Set(words);

// `editor` holds a textarea, a [data-colours] and a .completions; `schema` is {table: [{name, type}]} and may grow later.
export function attach(editor, schema) {
  const area = editor.querySelector("textarea");
  const list = editor.querySelector(".completions");
  const colours = editor.querySelector("[data-colours]");
  let offered = [], chosen = 0, from = 0, leaving = false;

  const escape = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
  function paint() {
    colours.innerHTML = area.value.replace(/(--[^\n]*)|('(?:[^']|'')*'?)|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)|([\s\S])/g, (whole, note, text, number, word) => {
      if (note) return `<s>${escape(note)}</s>`;
      if (text || number) return `<i>${escape(whole)}</i>`;
      return word && known.has(word.toUpperCase()) ? `<b>${word}</b>` : escape(whole);
    }) + "\n";
    colours.scrollTop = area.scrollTop;
  }

  function candidates(prefix, before) {
    const used = Object.keys(schema).filter((table) => new RegExp(`\\b${table}\\b`, "i").test(area.value));
    const tables = Object.keys(schema).map((name) => ({ name, kind: "table" }));
    const columns = new Map();
    for (const table of used.length ? used : Object.keys(schema)) {
      for (const column of schema[table]) if (!columns.has(column.name)) columns.set(column.name, { name: column.name, kind: column.type });
    }
    const afterFrom = /\b(from|join)\s+$/i.test(before);
    const all = afterFrom ? tables : [...columns.values(), ...tables, ...words.map((name) => ({ name, kind: "" }))];
    const wanted = prefix.toLowerCase();
    return all.filter((one) => one.name.toLowerCase().startsWith(wanted) && one.name.toLowerCase() !== wanted).slice(0, 12);
  }

  function offer(asked) {
    const head = area.value.slice(0, area.selectionStart);
    const prefix = /[A-Za-z_]\w*$/.exec(head)?.[0] ?? "";
    from = area.selectionStart - prefix.length;
    const before = head.slice(0, from);
    if (!asked && !prefix && !/\b(from|join)\s$/i.test(before)) return hide();
    offered = candidates(prefix, before);
    chosen = 0;
    if (!offered.length) return hide();
    list.replaceChildren(...offered.map((one, index) => {
      const item = document.createElement("li");
      item.role = "option";
      item.id = `completion-${index}`;
      item.textContent = one.name;
      const kind = document.createElement("span");
      kind.textContent = one.kind;
      item.append(kind);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return item;
    }));
    list.hidden = false;
    place();
    mark();
  }

  function place() {
    const lines = area.value.slice(0, from).split("\n");
    const style = getComputedStyle(area);
    const probe = document.createElement("canvas").getContext("2d");
    probe.font = `${style.fontSize} ${style.fontFamily}`;
    const left = parseFloat(style.paddingLeft) + probe.measureText(lines.at(-1)).width;
    list.style.left = `${Math.min(left, area.clientWidth - list.offsetWidth - 8)}px`;
    list.style.top = `${parseFloat(style.paddingTop) + lines.length * parseFloat(style.lineHeight) - area.scrollTop + 4}px`;
  }

  function mark() {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", `completion-${chosen}`);
  }
  function hide() { list.hidden = true; offered = []; area.removeAttribute("aria-activedescendant"); }
  function write(text) { area.setRangeText(text, from, area.selectionEnd, "end"); hide(); paint(); area.focus(); }
  function take(index) { write(offered[index].name); }

  area.addEventListener("input", () => { paint(); offer(false); });
  area.addEventListener("scroll", () => { colours.scrollTop = area.scrollTop; });
  area.addEventListener("blur", hide);
  area.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); hide(); area.form.requestSubmit(); return; }
    if (event.ctrlKey && event.key === " ") { event.preventDefault(); offer(true); return; }
    if (!list.hidden) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        chosen = (chosen + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
        mark();
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(chosen); return; }
      if (event.key === "Escape") { event.preventDefault(); hide(); return; }
    }
    if (event.key === "Escape") { leaving = true; return; }
    if (event.key === "Tab" && !event.shiftKey && !leaving) { event.preventDefault(); from = area.selectionStart; write("  "); return; }
    leaving = false;
  });

  editor.classList.add("coloured");
  paint();
  return {
    set(sql) { area.value = sql; hide(); paint(); },
    insert(text) { from = area.selectionStart; write(text); },
  };
}
