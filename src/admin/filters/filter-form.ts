import { html } from '../layout/html.ts';
import type { Html } from '../layout/show-page.ts';

/** One input of a filter. */
export interface FilterField {
  readonly name: string;
  readonly label: string;
  /** A time is chosen in UTC. */
  readonly type?: 'text' | 'time';
  /** What can be chosen, with what it is called. With `isOpen` something else can be typed. */
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly isOpen?: boolean;
}

/** A form whose fields stand in the URL. */
export interface FilterForm {
  /** A link. */
  readonly action: string;
  readonly fields: readonly FilterField[];
  /** Fields that are folded away until they have a value. */
  readonly more?: readonly FilterField[];
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Further values that stay in the URL. */
  readonly hidden?: Readonly<Record<string, string | undefined>>;
  /** What in the URL can't be read, a sentence each. */
  readonly problems: readonly string[];
}

/** The form of a filter. It works without JavaScript, and its result can be kept as a link. */
export function filterForm({ action, fields, more = [], values, hidden = {}, problems }: FilterForm): Html {
  const isUsed = more.some(({ name }) => values[name] !== undefined);
  return html`${problems.map((problem) => html`<p class="notice bad" role="alert">${problem}</p>`)}
<form method="get" action="${action}" class="filters card">
${hiddenFields(hidden)}
<div class="fields">${fields.map((field) => showField(field, values))}</div>
${more.length === 0 ? '' : html`<details id="more"${isUsed ? html` open` : ''}><summary>More filters</summary><div class="fields">${more.map((field) => showField(field, values))}</div></details>`}
<div class="row"><button type="submit">Show</button> <a href="${action}">Clear</a></div>
</form>`;
}

function showField(field: FilterField, values: FilterForm['values']): Html {
  const { name, label, options = [], isOpen = false } = field;
  const list = isOpen ? html`<datalist id="${name}-list">${listOptions(options, '')}</datalist>` : '';
  return html`<label>${label} ${showInput(field, values[name] ?? '')}</label>${list}`;
}

/** Fields that nobody sees, for the values that are known. */
export function hiddenFields(values: Readonly<Record<string, string | undefined>>): Html {
  return html`${Object.entries(values).map(([name, value]) => (value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`))}`;
}

function showInput({ name, type = 'text', options, isOpen = false }: FilterField, value: string): Html {
  if (type === 'time') return html`<input type="datetime-local" step="1" name="${name}" value="${value}">`;
  if (options !== undefined && !isOpen) return html`<select name="${name}">${listOptions(options, value)}</select>`;
  const list = isOpen ? html` list="${name}-list"` : '';
  return html`<input name="${name}" value="${value}"${list} autocomplete="off" spellcheck="false">`;
}

function listOptions(options: NonNullable<FilterField['options']>, chosen: string): readonly Html[] {
  return options.map(
    ([code, label]) => html`<option value="${code}"${code === chosen ? html` selected` : ''}>${label}</option>`,
  );
}
