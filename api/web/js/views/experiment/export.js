// The experiment as files: the report, tables, pictures, the results, and the calls that fetch them.

/** @import { Model } from "./model.js" */

import { h } from "../../dom.js";
import { key } from "../../key.js";
import { downloadLink } from "../../parts/download.js";
import { foldedSection } from "../../parts/small.js";
import { tabs } from "../../parts/tabs.js";
import { code } from "./spec.js";

/** @type {[table: string, about: string][]} */
const TABLES = [
  ["runs", "a row for each run, with its metrics"], ["steps", "a row for each training step of each run"],
  ["evaluations", "a row for each evaluation of each run"], ["scores", "a row for each test pair of each run that succeeded"],
];
/** @type {[table: string, about: string]} */
const EFFECTS = ["effects", "a row for each effect of the factors, on each metric"];

/** @type {[picture: string, about: string][]} */
const PICTURES = [
  ["comparison", "what was compared, with its interval"], ["training", "training loss"],
  ["validation", "metrics on the validation rows"], ["gauges", "gauges of collapse"],
];

/** @param {Model} model */
export function exportSection(model) {
  const { node, body } = foldedSection("export", "Export", "the report, every table and picture, and the calls in curl and Python");
  body.append(files(model), tabs("Get the results by", [["curl", code(curl(model.id))], ["Python", code(python(model.id))]]));
  return node;
}

/** @param {Model} model */
function files({ id, results }) {
  const place = `/v1/experiments/${id}`;
  const tables = results.spec.factors ? [...TABLES, EFFECTS] : TABLES;
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "files" },
    h("caption", { class: "visually-hidden" }, "Files of this experiment"),
    h("tbody", {},
      row("Report", "one HTML file to send to a colleague; it loads nothing", [
        !key() && h("a", { href: `${place}/report`, target: "_blank", rel: "noopener" }, "open"), downloadLink("HTML", `${place}/report`, `${id}.html`)]),
      row("Results", "everything that this page says, as one document", [downloadLink("JSON", `${place}/results`, `${id}-results.json`)]),
      tables.map(([name, about]) => row(`Table: ${name}`, about, ["csv", "parquet"].map((format) =>
        downloadLink(format === "csv" ? "CSV" : "Parquet", `${place}/export?table=${name}&format=${format}`, `${id}-${name}.${format}`)))),
      PICTURES.map(([name, about]) => row(`Picture: ${name}`, about, ["png", "svg"].map((format) =>
        downloadLink(format.toUpperCase(), `${place}/figures/${name}?format=${format}`, `${id}-${name}.${format}`)))))));
}

/**
 * @param {string} title
 * @param {string} about
 * @param {Page.Child[]} links
 */
function row(title, about, links) {
  return h("tr", {}, h("th", { scope: "row" }, title), h("td", { class: "muted" }, about), h("td", { class: "links" }, links));
}

/** @param {string} id */
function curl(id) {
  const secret = key() ? ' -H "Authorization: Bearer $TRIPLETLAB_KEY"' : "";
  const place = `${location.origin}/v1/experiments/${id}`;
  return [
    `curl${secret} ${place}/results`,
    `curl${secret} -o ${id}-steps.csv '${place}/export?table=steps&format=csv'`,
    `curl${secret} -o ${id}.html ${place}/report`,
  ].join("\n");
}

/** @param {string} id */
function python(id) {
  return [
    `# curl -O ${location.origin}/client/tripletlab.py`,
    "from tripletlab import Client",
    "",
    `lab = Client("${location.origin}")${key() ? "  # the key is read from TRIPLETLAB_KEY" : ""}`,
    `results = lab.results("${id}")`,
    "print(results.sentence)",
    "for row in results.runs:",
    "    print(row)",
  ].join("\n");
}
