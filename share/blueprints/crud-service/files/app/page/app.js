/* The page: it asks GET /api what there is and builds lists and forms from the answer. Text from
 * the service enters the page as text only, never as markup. The token stays in this tab. */
"use strict";

const PAGE = 25;
const byId = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token") || "";
let about = null;
let entity = null;
let state = { q: "", sort: "", offset: 0 };
let editing = null;
let asked = 0;
const labels = {};

function make(tag, text, attributes) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  return node;
}

async function call(method, path, body, version) {
  const headers = { Authorization: "Bearer " + token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = '"' + version + '"';
  const answer = await fetch(path, {
    method, headers, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) {
    if (answer.status === 401) signOut("That token is not the right one.");
    throw value || { detail: "Something went wrong.", errors: [] };
  }
  return value;
}

function notice(text, bad) {
  const node = byId("notice");
  node.textContent = text || "";
  node.hidden = !text;
  node.classList.toggle("bad", Boolean(bad));
}

function failed(problem) {
  notice(problem.detail || "The service does not answer.", true);
}

async function start() {
  if (!token) return signOut();
  try {
    about = await call("GET", "/api");
  } catch (problem) {
    if (token) failed(problem);
    return;
  }
  document.title = about.title;
  byId("title").textContent = about.title;
  byId("sign-in").hidden = true;
  byId("sign-out").hidden = false;
  byId("tabs").replaceChildren(...about.entities.map((each) => {
    const tab = make("button", each.title_plural, { type: "button" });
    tab.addEventListener("click", () => show(each));
    return tab;
  }));
  if (about.entities.length) await show(about.entities[about.entities.length - 1]);
}

function signOut(why) {
  token = "";
  sessionStorage.removeItem("token");
  about = null;
  if (byId("editor").open) byId("editor").close();
  document.title = "Sign in";
  byId("title").textContent = "Sign in";
  byId("tabs").replaceChildren();
  byId("rows").replaceChildren();
  byId("view").hidden = true;
  byId("sign-out").hidden = true;
  byId("sign-in").hidden = false;
  notice(why, true);
  byId("token").focus();
}

async function show(which) {
  entity = which;
  state = { q: "", sort: "", offset: 0 };
  byId("words").value = "";
  notice("");
  for (const [at, tab] of [...byId("tabs").children].entries()) {
    if (about.entities[at] === which) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  byId("view-title").textContent = which.title_plural;
  byId("view-about").textContent = which.about;
  byId("new").textContent = "New " + which.title.toLowerCase();
  byId("rules").hidden = !which.rules.length;
  byId("rule-list").replaceChildren(...which.rules.map((rule) => make("li", rule.words)));
  byId("view").hidden = false;
  await refresh();
}

async function refresh() {
  const mine = ++asked;
  const query = new URLSearchParams({ limit: PAGE, offset: state.offset });
  if (state.q) query.set("q", state.q);
  if (state.sort) query.set("sort", state.sort);
  try {
    const page = await call("GET", "/api/" + entity.plural + "?" + query);
    await learnLabels(page.items);
    if (mine === asked) drawPage(page);
  } catch (problem) {
    failed(problem);
  }
}

/* The names of the records that these ones point to. */
async function learnLabels(items) {
  const wanted = new Set();
  for (const field of entity.fields) {
    if (field.type !== "ref") continue;
    for (const item of items) if (item[field.name]) wanted.add(field.ref + "/" + item[field.name]);
  }
  await Promise.all([...wanted].map(async (path) => {
    try {
      const plural = path.split("/")[0];
      labels[path] = labelOf(about.entities.find((each) => each.plural === plural),
        await call("GET", "/api/" + path));
    } catch (problem) {
      labels[path] = "#" + path.split("/")[1];
    }
  }));
}

function labelOf(which, record) {
  const naming = which.fields.find((field) => field.name === which.label);
  const refers = naming && naming.type === "ref" && labels[naming.ref + "/" + record[which.label]];
  if (refers) return refers + " (#" + record.id + ")";
  const value = record[which.name + "_label"] || (naming && naming.type !== "ref" && record[which.label]);
  return value === null || value === undefined || value === "" || typeof value === "object"
    ? "#" + record.id : String(value);
}

function written(field, value) {
  if (value === null || value === undefined) return "";
  if (field.type === "ref") return labels[field.ref + "/" + value] || "#" + value;
  if (field.type === "yes_no") return value ? "yes" : "no";
  if (field.type === "money") return Number(value).toFixed(2);
  if (field.type === "datetime") return value.replace("T", " ");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

const isNumber = (field) => ["whole", "decimal", "money"].includes(field.type);

function drawPage(page) {
  const columns = entity.fields.concat(entity.computed.filter((name) => name !== entity.name + "_label").map((name) => (
    { name, title: name.replace(/_/g, " "), type: "computed" })));
  byId("columns").replaceChildren(...columns.map((field) => {
    const head = make("th", null, { scope: "col" });
    if (field.type === "computed") {
      head.textContent = field.title;
      return head;
    }
    const button = make("button", field.title, { type: "button" });
    if (state.sort.replace("-", "") === field.name) {
      const down = state.sort.startsWith("-");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      button.textContent += down ? " ↓" : " ↑";
    }
    button.addEventListener("click", () => {
      state.sort = state.sort === field.name ? "-" + field.name : field.name;
      state.offset = 0;
      refresh();
    });
    head.append(button);
    return head;
  }), make("th", null, { scope: "col", "aria-label": "Actions" }));
  byId("rows").replaceChildren(...page.items.map((item) => {
    const row = make("tr");
    for (const field of columns) {
      row.append(make("td", written(field, item[field.name]), isNumber(field) ? { class: "number" } : {}));
    }
    const cell = make("td", null, { class: "number" });
    const edit = make("button", "Edit", {
      type: "button", class: "quiet", "aria-label": "Edit " + labelOf(entity, item),
    });
    edit.addEventListener("click", () => openEditor(item));
    cell.append(edit);
    row.append(cell);
    return row;
  }));
  byId("empty").hidden = page.items.length > 0;
  byId("empty").textContent = state.q ? "Nothing found." : "Nothing here yet.";
  byId("place").textContent = page.total === 0 ? "" :
    (page.offset + 1) + " to " + (page.offset + page.items.length) + " of " + page.total;
  byId("back").disabled = page.offset === 0;
  byId("next").disabled = page.offset + page.items.length >= page.total;
  drawTotals();
}

async function drawTotals() {
  const which = entity;
  byId("totals").hidden = true;
  if (!which.totals) return;
  try {
    const { totals } = await call("GET", "/api/" + which.plural + "/totals");
    if (which !== entity || !totals || typeof totals !== "object") return;
    byId("totals").textContent = "Totals: " + Object.entries(totals).map(
      ([name, value]) => name.replace(/_/g, " ") + " " + value).join(", ");
    byId("totals").hidden = false;
  } catch (problem) {
    failed(problem);
  }
}

/* -- the editor */

async function input(field, value) {
  const id = "field-" + field.name;
  let node;
  if (field.type === "choice" || field.type === "yes_no" || field.type === "ref") {
    node = make("select");
    node.append(make("option", "", { value: "" }));
    let options = field.choices.map((each) => [each, each]);
    if (field.type === "yes_no") options = [["true", "yes"], ["false", "no"]];
    if (field.type === "ref") {
      const which = about.entities.find((each) => each.plural === field.ref);
      const page = await call("GET", "/api/" + field.ref + "?limit=200&sort=" + which.label);
      options = page.items.map((item) => [String(item.id), labelOf(which, item)]);
      if (value && !options.some(([key]) => key === String(value))) {
        options.push([String(value), labels[field.ref + "/" + value] || "#" + value]);
      }
    }
    for (const [key, text] of options) node.append(make("option", text, { value: key }));
  } else if (field.type === "long_text") {
    node = make("textarea", null, { maxlength: 10000 });
  } else {
    const types = { date: "date", time: "time", datetime: "datetime-local", email: "email", phone: "tel",
      url: "url", whole: "number", decimal: "number", money: "number" };
    node = make("input", null, { type: types[field.type] || "text" });
    if (isNumber(field)) node.setAttribute("step", field.type === "whole" ? "1" : field.type === "money" ? "0.01" : "any");
  }
  node.id = id;
  node.value = value === null || value === undefined ? "" : String(value);
  if (field.required) node.setAttribute("aria-required", "true");
  node.setAttribute("aria-describedby", id + "-reason");
  const label = make("label", field.title + " ", { for: id });
  if (!field.required) label.append(make("small", "optional"));
  const reason = make("p", "", { class: "reason", id: id + "-reason" });
  const block = make("div");
  block.append(label, node, reason);
  return block;
}

function valueOf(field) {
  const node = byId("field-" + field.name);
  const text = node.value;
  if (node.validity && node.validity.badInput) return "not a value";
  if (text === "") return null;
  if (isNumber(field) || field.type === "ref") return Number(text);
  if (field.type === "yes_no") return text === "true";
  return text;
}

async function openEditor(item) {
  editing = item;
  notice("");
  byId("editor-title").textContent = (item ? "Edit " : "New ") + entity.title.toLowerCase();
  byId("delete").hidden = !item;
  try {
    byId("inputs").replaceChildren(...await Promise.all(
      entity.fields.map((field) => input(field, item ? item[field.name] : null))));
  } catch (problem) {
    return failed(problem);
  }
  showReasons(null);
  byId("editor").showModal();
}

function showReasons(problem) {
  const errors = (problem && problem.errors) || [];
  const words = errors.filter((error) => error.words).map((error) => " The rule: “" + error.words + "”.");
  byId("editor-error").textContent = problem ?
    (problem.detail || "The service does not answer.") + words.join("") : "";
  byId("editor-error").hidden = !problem;
  for (const field of entity.fields) {
    const reasons = errors.filter((error) => error.field === field.name).map((error) => error.reason);
    byId("field-" + field.name + "-reason").textContent = reasons.join("; ");
    byId("field-" + field.name).setAttribute("aria-invalid", String(reasons.length > 0));
  }
  const first = entity.fields.find((field) => errors.some((error) => error.field === field.name));
  if (first) byId("field-" + first.name).focus();
}

async function act(work, done) {
  byId("save").disabled = true;
  try {
    await work();
    byId("editor").close();
    notice(done);
    await refresh();
  } catch (problem) {
    showReasons(problem);
  } finally {
    byId("save").disabled = false;
  }
}

byId("record").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = {};
  for (const field of entity.fields) body[field.name] = valueOf(field);
  const path = "/api/" + entity.plural;
  act(() => editing ? call("PUT", path + "/" + editing.id, body, editing.version) : call("POST", path, body),
    entity.title + (editing ? " saved." : " created."));
});
byId("delete").addEventListener("click", () => {
  if (!window.confirm("Delete " + labelOf(entity, editing) + "? This cannot be undone.")) return;
  act(() => call("DELETE", "/api/" + entity.plural + "/" + editing.id, undefined, editing.version),
    entity.title + " deleted.");
});
byId("cancel").addEventListener("click", () => byId("editor").close());
byId("new").addEventListener("click", () => openEditor(null));
byId("sign-out").addEventListener("click", () => signOut());
byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  sessionStorage.setItem("token", token);
  notice("");
  start();
});
let typing = null;
byId("words").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    state.q = byId("words").value.trim();
    state.offset = 0;
    refresh();
  }, 200);
});
byId("search").addEventListener("submit", (event) => event.preventDefault());
byId("back").addEventListener("click", () => { state.offset = Math.max(0, state.offset - PAGE); refresh(); });
byId("next").addEventListener("click", () => { state.offset += PAGE; refresh(); });

start();
