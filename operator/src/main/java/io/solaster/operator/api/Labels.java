package io.solaster.operator.api;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.zip.CRC32;

/** Labels that the operator writes on nodes, and what fits into one. */
public final class Labels {
    /** What a label's value, and the part of its key after the slash, may have. */
    public static final int LENGTH = 63;

    private static final String ASIDE = "aside.solaster.io/";

    private Labels() {}

    /** The label on a node that keeps a service's pods away from it for a while. */
    public static String aside(String namespace, String service) {
        return ASIDE + fit(namespace + "." + service, LENGTH);
    }

    /** Whether a label is one of {@link #aside}. */
    public static boolean isAside(String label) {
        return label.startsWith(ASIDE);
    }

    /** What is too long ends with a checksum instead of its rest, so that it stays unique. */
    public static String fit(String name, int length) {
        if (name.length() <= length) {
            return name;
        }
        String end = "-" + checksum(name);
        return name.substring(0, length - end.length()).replaceAll("[-._]+$", "") + end;
    }

    /** Eight hexadecimal digits. */
    public static String checksum(String text) {
        CRC32 checksum = new CRC32();
        checksum.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%08x", checksum.getValue());
    }
}
