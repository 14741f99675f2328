package io.solaster.streams.plugin;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes small WebAssembly modules: what an assembler makes of text is written here in its place, so that no test needs one. Their
 * type 0 is (i32) to i32, 1 is (i32, i32) to i64, 2 is () to (), 3 is (i32, i32) to i32.
 */
final class WasmBytes {
    private byte[] imports = {0};
    private int imported;
    private byte[] process = code(i64(0));
    private byte[] alloc = code(i32(1024));
    private byte @org.jspecify.annotations.Nullable [] start;
    private byte[] memory = code(b(0), leb(1));
    private byte[] data = {0};
    private byte[] more = {};
    private byte[] locals = {0};

    /** Bytes as they are. */
    static byte[] b(int... bytes) {
        byte[] all = new byte[bytes.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) bytes[i];
        }
        return all;
    }

    /** One after the other. */
    static byte[] code(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] leb(long value) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        long left = value;
        do {
            int low = (int) (left & 0x7F);
            left >>>= 7;
            all.write(left == 0 ? low : low | 0x80);
        } while (left != 0);
        return all.toByteArray();
    }

    private static byte[] sleb(long value) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        long left = value;
        while (true) {
            int low = (int) (left & 0x7F);
            left >>= 7;
            if (left == 0 && (low & 0x40) == 0 || left == -1 && (low & 0x40) != 0) {
                all.write(low);
                return all.toByteArray();
            }
            all.write(low | 0x80);
        }
    }

    static byte[] i32(int value) {
        return code(b(0x41), sleb(value));
    }

    static byte[] i64(long value) {
        return code(b(0x42), sleb(value));
    }

    static byte[] local(int index) {
        return code(b(0x20), leb(index));
    }

    static byte[] call(int function) {
        return code(b(0x10), leb(function));
    }

    /** A loop without end, and what must stand behind one. */
    static byte[] forever() {
        return code(b(0x03, 0x40, 0x0C, 0, 0x0B, 0x00));
    }

    /** An answer whose bytes lie at a local, for as many as another says. */
    static byte[] answer(int verdict, byte[] from, byte[] length) {
        return code(from, b(0xAD), i64(32), b(0x86), length, b(0xAD), i64(4), b(0x86), b(0x84), i64(verdict), b(0x84));
    }

    private static byte[] text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return code(leb(bytes.length), bytes);
    }

    private static byte[] section(int id, byte[] content) {
        return code(b(id), leb(content.length), content);
    }

    private static byte[] body(byte[] code) {
        return body(b(0), code);
    }

    private static byte[] body(byte[] locals, byte[] code) {
        byte[] whole = code(locals, code, b(0x0B));
        return code(leb(whole.length), whole);
    }

    /** Imports one function of type 3, which becomes number 0. */
    WasmBytes imports(String module, String name) {
        imports = code(leb(1), text(module), text(name), b(0, 3));
        imported = 1;
        return this;
    }

    /** 'process' gets so many of them, in five bytes. */
    WasmBytes locals(int count) {
        locals = code(leb(1), leb(count), b(0x7F));
        return this;
    }

    WasmBytes process(byte[]... body) {
        process = code(body);
        return this;
    }

    WasmBytes alloc(byte[]... body) {
        alloc = code(body);
        return this;
    }

    WasmBytes start(byte[]... body) {
        start = code(body);
        return this;
    }

    /** As in the module: 0, 1 and 3 for no limit, a limit, a shared one; then the numbers of pages. */
    WasmBytes memory(int kind, int... pages) {
        byte[] limits = b(kind);
        for (int each : pages) {
            limits = code(limits, leb(each));
        }
        memory = limits;
        return this;
    }

    WasmBytes data(int offset, byte[] bytes) {
        data = code(leb(1), b(0), i32(offset), b(0x0B), leb(bytes.length), bytes);
        return this;
    }

    /** A section of a table or of tags, at its place before that of the memory, or behind. */
    WasmBytes section(byte[] section) {
        more = section;
        return this;
    }

    byte[] build() {
        byte[] begin = start;
        boolean table = more.length > 0 && more[0] == 4;
        boolean tags = more.length > 0 && more[0] == 13;
        return code(b(0, 'a', 's', 'm', 1, 0, 0, 0),
                section(1, code(leb(4), b(0x60, 1, 0x7F, 1, 0x7F), b(0x60, 2, 0x7F, 0x7F, 1, 0x7E), b(0x60, 0, 0),
                        b(0x60, 2, 0x7F, 0x7F, 1, 0x7F))),
                section(2, imports), section(3, begin == null ? b(2, 0, 1) : b(3, 0, 1, 2)), table ? more : b(),
                section(5, code(leb(1), memory)), tags ? more : b(),
                section(7,
                        code(leb(3), text("memory"), b(2, 0), text("alloc"), b(0), leb(imported), text("process"), b(0),
                                leb(imported + 1))),
                begin == null ? b() : section(8, leb(imported + 2)),
                section(10,
                        begin == null
                                ? code(leb(2), body(alloc), body(locals, process))
                                : code(leb(3), body(alloc), body(locals, process), body(begin))),
                section(11, data));
    }
}
