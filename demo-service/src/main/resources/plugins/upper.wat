;; Makes small letters capital ones. upper.wasm is this, assembled (wat2wasm of WABT does it).
(module
  (memory (export "memory") 2)
  (func (export "alloc") (param i32) (result i32)
    (i32.const 1024))
  (func (export "process") (param $from i32) (param $length i32) (result i64)
    (local $at i32) (local $end i32) (local $byte i32)
    (local.set $at (local.get $from))
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (block
      (loop
        (br_if 1 (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
          (then (i32.store8 (local.get $at) (i32.sub (local.get $byte) (i32.const 32)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br 0)))
    ;; Where it lies, its length, and 2: another value.
    (i64.or
      (i64.or
        (i64.shl (i64.extend_i32_u (local.get $from)) (i64.const 32))
        (i64.shl (i64.extend_i32_u (local.get $length)) (i64.const 4)))
      (i64.const 2))))
