// The spec's JSON schema, as the service publishes it, read the way a form needs it.

/**
 * @typedef {Reply.SchemaNode} Node
 * @typedef {"array" | "boolean" | "const" | "enum" | "formula" | "json" | "number" | "object" | "string"} Kind
 * @typedef {{ kind: Kind, node: Node, optional?: boolean }} Plain
 * @typedef {{ kind: "choice", node: Node, optional?: boolean, options: Node[] }} Choice
 * @typedef {Plain | Choice} Shape
 */

export class Schema {
  /**
   * `components` are the schemas of the OpenAPI document.
   * @param {Record<string, Node>} components
   */
  constructor(components) {
    this.components = components;
  }

  get root() {
    return this.resolved({ $ref: "#/components/schemas/ExperimentSpec" });
  }

  /**
   * The node that a reference names; what stands beside the reference counts more.
   * @param {Node} node
   * @returns {Node}
   */
  resolved(node) {
    if (!node.$ref) return node;
    const { $ref, ...beside } = node;
    return { ...this.resolved(this.components[$ref.split("/").pop() ?? ""]), ...beside };
  }

  /**
   * What a node is for a form: { kind, node, … }.
   * @param {Node} given
   * @returns {Shape}
   */
  shape(given) {
    const node = this.resolved(given);
    const options = node.oneOf ?? node.anyOf;
    if (options) {
      const real = options.filter((one) => one.type !== "null");
      const optional = real.length < options.length;
      const { oneOf, anyOf, ...about } = node;
      if (real.length === 1) return { ...this.shape({ ...real[0], ...kept(about) }), optional };
      return { kind: "choice", node, optional, options: real.map((one) => this.resolved(one)) };
    }
    if ("const" in node) return { kind: "const", node };
    if (node.enum) return { kind: "enum", node };
    if (node["x-formula"]) return { kind: "formula", node };
    if (node.type === "array") return { kind: "array", node };
    if (node.properties) return { kind: "object", node };
    if (node.type === "object") return { kind: "json", node };
    return { kind: node.type === "string" || node.type === "boolean" ? node.type : "number", node };
  }

  /**
   * Which of the options a value is: the first whose fields it has, by its `kind` where there is one;
   * of plain values, the word that it is, or else the number.
   * @param {Node[]} options
   * @param {any} value
   */
  matching(options, value) {
    const found = options.findIndex((one) => {
      const fields = one.properties;
      if (!fields) return "const" in one ? one.const === value : typeof value !== "string";
      const constant = Object.entries(fields).every(([name, field]) => !("const" in field) || value?.[name] === undefined || value[name] === field.const);
      const required = (one.required ?? []).every((name) => value && name in value);
      return constant && required && Object.keys(value ?? {}).every((name) => name in fields);
    });
    return Math.max(0, found);
  }

  /**
   * What an option is called: its `kind`, or else the field that only it has; a plain value is itself.
   * @param {Node} option
   */
  nameOf(option) {
    if (!option.properties) return option.const ?? "a number";
    return option.properties.kind?.const ?? Object.keys(option.properties)[0];
  }

  /**
   * What a person calls an option.
   * @param {Node} option
   */
  titleOf(option) {
    const { properties } = option;
    if (!properties) return this.nameOf(option);
    return (properties.kind ? option.title : Object.values(properties)[0].title) ?? this.nameOf(option);
  }

  /**
   * The least value that a node allows, every default filled in.
   * @param {Node} given
   * @returns {unknown}
   */
  initial(given) {
    const node = this.resolved(given);
    if (node.default !== undefined) return structuredClone(node.default);
    const shape = this.shape(node);
    if (shape.optional) return null;
    switch (shape.kind) {
      case "choice": return this.initial(shape.options[0]);
      case "const": return node.const;
      case "enum": return node.enum?.[0];
      case "array": return Array.from({ length: node.minItems ?? 0 }, () => this.initial(node.items ?? {}));
      case "object": return this.initialObject(node);
      case "boolean": return false;
      case "formula": return node.examples?.[0] ?? "";
      case "string": return "";
      case "json": return {};
      default: return node.minimum ?? 1;
    }
  }

  /**
   * An object with what it needs and what has a default, but no field whose default is nothing.
   * @param {Node} node
   */
  initialObject(node) {
    const fields = Object.entries(node.properties ?? {}).map(([name, field]) => ({ name, value: this.initial(field) }));
    const needed = new Set(node.required ?? []);
    const there = fields.filter(({ name, value }) => value !== null || needed.has(name));
    return Object.fromEntries(there.map(({ name, value }) => [name, value]));
  }
}

/**
 * Of what stands around an optional node, what describes the field and not the choice.
 * @param {Node} about
 * @returns {Node}
 */
function kept({ title, description, "x-about": about }) {
  return { ...(title && { title }), ...(description && { description }), ...(about !== undefined && { "x-about": about }) };
}
