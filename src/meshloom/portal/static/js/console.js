// The console: the editor with what the contracts say, and buttons that write or ask.
import { attach } from "/pages/editor/editor.js";

const editor = document.querySelector(".editor");
const { set, insert } = attach(editor, JSON.parse(document.getElementById("schema").textContent));

document.addEventListener("click", (event) => {
  const asked = event.target.closest?.("[data-sql], [data-insert]");
  if (!asked) return;
  if (asked.dataset.sql) { set(asked.dataset.sql); editor.closest("form").requestSubmit(); }
  else insert(asked.dataset.insert);
});
