package io.solaster.store.script;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A script as it was sent. Any thread.
 *
 * @param sha the 40 hexadecimal digits by which it is called
 * @param text all of it
 * @param body where its code begins: behind the first line, where that says in which language it is
 * @param flags what the first line says, or {@link #UNDECLARED}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record Script(String sha, byte[] text, int body, int flags) {
    static final int NO_WRITES = 1;
    static final int ALLOW_OOM = 1 << 1;
    static final int ALLOW_STALE = 1 << 2;
    static final int NO_CLUSTER = 1 << 3;
    static final int ALLOW_CROSS_SLOT_KEYS = 1 << 4;
    /** The script says nothing of itself. */
    static final int UNDECLARED = 1 << 5;

    private static final String ENGINE = "#!lua";

    /** That a script is none, in Redis's words. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String message) {
            super(message, null, false, false);
        }
    }

    /** What a text is, by its first line. */
    static Script of(String sha, byte[] text) throws Malformed {
        if (text.length < 2 || text[0] != '#' || text[1] != '!') {
            return new Script(sha, text, 0, UNDECLARED);
        }
        int end = 0;
        while (end < text.length && text[end] != '\n') {
            if (text[end] == 0) {
                end = text.length;
            } else {
                end++;
            }
        }
        if (end == text.length) {
            throw new Malformed("ERR Invalid script shebang");
        }
        return new Script(sha, text, end, flags(new String(text, 0, end, StandardCharsets.ISO_8859_1)));
    }

    private static int flags(String line) throws Malformed {
        List<String> parts = new ArrayList<>(List.of(line.strip().split("[ \\t\\r]+", -1)));
        if (!parts.get(0).equals(ENGINE)) {
            throw new Malformed("ERR Unexpected engine in script shebang: " + parts.get(0));
        }
        int flags = 0;
        for (String part : parts.subList(1, parts.size())) {
            if (!part.startsWith("flags=")) {
                throw new Malformed("ERR Unknown lua shebang option: " + part);
            }
            String names = part.substring("flags=".length());
            if (!names.isEmpty()) {
                for (String name : names.split(",", -1)) {
                    flags |= flag(name);
                }
            }
        }
        return flags;
    }

    private static int flag(String name) throws Malformed {
        return switch (name) {
            case "no-writes" -> NO_WRITES;
            case "allow-oom" -> ALLOW_OOM;
            case "allow-stale" -> ALLOW_STALE;
            case "no-cluster" -> NO_CLUSTER;
            case "allow-cross-slot-keys" -> ALLOW_CROSS_SLOT_KEYS;
            default -> throw new Malformed("ERR Unexpected flag in script shebang: " + name);
        };
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** The SHA-1 of some bytes, in hexadecimal digits. */
    static String sha(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
