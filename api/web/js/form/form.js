// A form over one document: what its fields read, write and are told.

/** @import { Schema } from "./schema.js" */

import { get, set } from "./pointers.js";

/**
 * A form over one document. `edited(pointer)` is called when a value changed, `reshaped()` when fields come
 * or go; `folds` says which fields may be folded while they are as by default; `choices` gives for some pointers the values that can be chosen now.
 */
export class Form {
  /**
   * @param {Schema} schema
   * @param {Reply.Spec} document
   * @param {{ edited: (pointer?: string) => void, reshaped: () => void, choices: (pointer: string) => string[] | null, folds: (pointer: string) => boolean }} heard
   */
  constructor(schema, document, { edited, reshaped, choices, folds }) {
    this.schema = schema;
    this.document = document;
    this.edited = edited;
    this.reshaped = reshaped;
    this.choices = choices;
    this.folds = folds;
  }

  /** @param {string} pointer */
  get(pointer) {
    return get(this.document, pointer);
  }

  /**
   * @param {string} pointer
   * @param {unknown} value
   */
  set(pointer, value) {
    set(this.document, pointer, value);
    this.edited(pointer);
  }

  /** @param {() => void} work */
  reshape(work) {
    work();
    this.edited();
    this.reshaped();
  }
}
