package io.solaster.operator.apply;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;

/** What things are called in a cluster. */
public final class Names {
    /** Who has set what the operator sets; server-side apply knows it by this. */
    public static final String MANAGER = "solaster-operator";

    /** The label on nodes and pods that names a topology class. */
    public static final String CLASS = "solaster.io/topology-class";

    /** The annotation with the hash of what was last applied. */
    public static final String APPLIED = "solaster.io/applied";

    /** A StatefulSet's name and eleven more characters make a label of its pods. */
    static final int WORKLOAD = 52;
    /** What a label's value may have. */
    static final int LABEL = 63;

    private static final String ASIDE = "aside.solaster.io/";

    private Names() {}

    /** The workload of a service on a topology class. */
    public static String workload(String service, String topologyClass) {
        return fit(service + "-" + topologyClass.toLowerCase(Locale.ROOT), WORKLOAD);
    }

    /** A topology class as the value of a label. */
    public static String label(String topologyClass) {
        return fit(topologyClass, LABEL);
    }

    /** The label that the operator gives to the nodes of a topology class. */
    public static Map<String, String> selector(String topologyClass) {
        return Map.of(CLASS, label(topologyClass));
    }

    /** The label on a node that keeps a service's pods away from it for a while. */
    public static String aside(String namespace, String service) {
        return ASIDE + fit(namespace + "." + service, LABEL);
    }

    /** Whether a label is one of {@link #aside}. */
    public static boolean isAside(String label) {
        return label.startsWith(ASIDE);
    }

    /** What is too long ends with a checksum instead of its rest, so that it stays unique. */
    static String fit(String name, int length) {
        if (name.length() <= length) {
            return name;
        }
        CRC32 checksum = new CRC32();
        checksum.update(name.getBytes(StandardCharsets.UTF_8));
        String end = String.format(Locale.ROOT, "-%08x", checksum.getValue());
        return name.substring(0, length - end.length()).replaceAll("[-._]+$", "") + end;
    }
}
