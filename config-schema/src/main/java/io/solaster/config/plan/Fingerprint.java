package io.solaster.config.plan;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names a text by what it says: a process tells by it which files it goes by, and the operator knows them again. Any
 * thread.
 */
public final class Fingerprint {
    private static final int BYTES = 8;

    private Fingerprint() {}

    /** The first 8 bytes of its SHA-256, as 16 hexadecimal digits. */
    public static String of(byte[] text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text), 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** That of a text in UTF-8. */
    public static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }
}
