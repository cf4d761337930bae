// What a form's script runs in, on the server and in the browser alike. It takes the surroundings away, bounds what
// the engine's own functions may be asked for, and offers `on(fields, rule)`. The value of this file is the function
// that runs the rules: it takes and gives JSON. `__tick` counts the work on the server; a browser has none.
(function (global) {
  'use strict';
  const TEXT_MAX = 200000, LIST_MAX = 20000, RULES_MAX = 200, ROUNDS_MAX = 20;
  const tick = typeof global.__tick === 'function' ? global.__tick : function () {};
  const apply = Reflect.apply, define = Object.defineProperty, isArray = Array.isArray;
  const stringify = JSON.stringify, parse = JSON.parse;
  const kept = new Set([
    'Object', 'Array', 'String', 'Number', 'Boolean', 'Math', 'JSON', 'Map', 'Set', 'RegExp', 'Symbol', 'Error',
    'TypeError', 'RangeError', 'SyntaxError', 'EvalError', 'ReferenceError', 'URIError', 'parseInt', 'parseFloat',
    'isNaN', 'isFinite', 'undefined', 'NaN', 'Infinity', 'globalThis', 'encodeURIComponent', 'decodeURIComponent',
  ]);

  /** Takes a property away for good. */
  function take(object, name) {
    try { define(object, name, { value: undefined, writable: false, configurable: false }); } catch { /* was fixed */ }
  }
  const makers = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const one of makers) take(Object.getPrototypeOf(one), 'constructor');
  take(Math, 'random');
  for (let at = global; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) if (!kept.has(name)) take(global, name);
  }

  function sizeOf(value) {
    const text = typeof value === 'string', list = !text && isArray(value);
    if (!text && !list) return 1;
    if (value.length > (text ? TEXT_MAX : LIST_MAX)) throw new RangeError('too long: ' + value.length);
    return value.length;
  }
  /** Bounds every function of a prototype: what is long is refused, and the work is counted. */
  function guard(proto, own) {
    for (const name of Object.getOwnPropertyNames(proto)) {
      const native = Object.getOwnPropertyDescriptor(proto, name).value;
      if (typeof native !== 'function' || name === 'constructor') continue;
      const grows = name === 'repeat' || name === 'padStart' || name === 'padEnd';
      define(proto, name, {
        writable: false,
        configurable: false,
        value: function () {
          const self = own(this);
          let size = sizeOf(self), other = 1;
          for (let at = 0; at < arguments.length; at += 1) other += sizeOf(arguments[at]);
          if (grows && !(size * arguments[0] <= TEXT_MAX && arguments[0] <= TEXT_MAX)) throw new RangeError('too long');
          tick(1 + (size * other) / 64);
          return apply(native, self, arguments);
        },
      });
    }
  }
  guard(String.prototype, function (self) { return typeof self === 'string' ? self : String(self); });
  guard(Array.prototype, function (self) {
    if (!isArray(self)) throw new TypeError('not a list');
    return self;
  });

  const rules = [];
  define(global, 'on', {
    value: function (fields, rule) {
      const list = typeof fields === 'string' ? [fields] : fields;
      if (!isArray(list) || typeof rule !== 'function') throw new TypeError('on(fields, rule) takes a list of fields and a function');
      if (rules.length >= RULES_MAX) throw new RangeError('too many rules');
      rules.push({ fields: list.slice(), rule, said: null });
    },
  });

  return function run(text) {
    const input = parse(text);
    // A page that does not show every field knows no list of all keys.
    const state = input.answers, known = input.keys ? new Set(input.keys) : null, set = {};
    let touched = new Set();
    let now = null;
    const field = function (key) {
      if (known && !known.has(key)) throw new Error('no field "' + key + '"');
      return key;
    };
    const rowsOf = function (key) { return isArray(state[field(key)]) ? state[key] : []; };
    const form = {
      today: input.today,
      node: input.node,
      roles: input.roles,
      get: function (key) {
        const value = state[field(key)];
        return value === undefined ? null : value;
      },
      set: function (key, value) {
        const own = value === undefined || (typeof value === 'number' && !isFinite(value)) ? null : value;
        set[field(key)] = own;
        if (stringify(state[key] === undefined ? null : state[key]) === stringify(own)) return;
        state[key] = parse(stringify(own));
        touched.add(key);
      },
      suggest: function (key, value) {
        const there = state[field(key)];
        if (there === undefined || there === null || there === '') form.set(key, value);
      },
      show: function (key, yes) { now.shown[field(key)] = !!yes; },
      require: function (key, yes) { now.required[field(key)] = yes !== false; },
      lock: function (key, yes) { now.locked[field(key)] = yes !== false; },
      options: function (key, values) { now.options[field(key)] = isArray(values) ? values.map(String) : []; },
      fail: function (key, zh, en) { now.failures.push([key === '' ? '' : field(key), String(zh), en === undefined ? '' : String(en)]); },
      rows: function (key) { return parse(stringify(rowsOf(key))); },
      sum: function (key, column) {
        let sum = 0;
        for (const row of rowsOf(key)) sum += typeof row[column] === 'number' ? row[column] : 0;
        return sum;
      },
      minutes: function (time) {
        const found = /^(\d\d):(\d\d)$/.exec(time);
        return found ? Number(found[1]) * 60 + Number(found[2]) : null;
      },
      days: function (from, to) {
        const count = function (day) {
          const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
          if (!found) return null;
          const month = (Number(found[2]) + 9) % 12, year = Number(found[1]) - (month >= 10 ? 1 : 0);
          return 365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + Math.floor((month * 306 + 5) / 10) + Number(found[3]);
        };
        const first = count(from), last = count(to);
        return first === null || last === null ? null : last - first;
      },
    };
    let changed = null;
    for (let round = 0; ; round += 1) {
      if (round >= ROUNDS_MAX) throw new Error('the rules never come to rest: ' + [...changed].join(', '));
      touched = new Set();
      for (const one of rules) {
        if (changed !== null && !one.fields.some(function (key) { return changed.has(key); })) continue;
        now = one.said = { shown: {}, required: {}, locked: {}, options: {}, failures: [] };
        one.rule(form);
      }
      if (touched.size === 0) break;
      changed = touched;
    }
    const said = { values: set, hidden: [], required: {}, locked: [], options: {}, failures: [] };
    const shown = {}, locked = {};
    for (const one of rules) {
      Object.assign(shown, one.said.shown);
      Object.assign(said.required, one.said.required);
      Object.assign(locked, one.said.locked);
      Object.assign(said.options, one.said.options);
      for (const failure of one.said.failures) said.failures.push(failure);
    }
    for (const key of Object.keys(shown)) if (!shown[key]) said.hidden.push(key);
    for (const key of Object.keys(locked)) if (locked[key]) said.locked.push(key);
    return stringify(said);
  };
})(globalThis)
