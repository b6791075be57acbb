// A form over one document: what its fields read, write and are told.

import { get, set } from "./pointers.js";

/**
 * A form over one document. `edited()` is called when a value changed, `reshaped()` when fields come
 * or go; `choices` gives for some pointers the values that can be chosen now.
 */
export class Form {
  constructor(schema, document, { edited, reshaped, choices }) {
    Object.assign(this, { schema, document, edited, reshaped, choices });
  }

  get(pointer) {
    return get(this.document, pointer);
  }

  set(pointer, value) {
    set(this.document, pointer, value);
    this.edited();
  }

  reshape(work) {
    work();
    this.edited();
    this.reshaped();
  }
}
