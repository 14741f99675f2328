package io.solaster.operator.apply;

import java.util.Locale;
import java.util.Map;

import io.solaster.operator.api.Labels;

/** What things are called in a cluster. */
public final class Names {
    /** Who has set what the operator sets; server-side apply knows it by this. */
    public static final String MANAGER = "solaster-operator";

    /** The label on nodes and pods that names a topology class. */
    public static final String CLASS = "solaster.io/topology-class";

    /** The annotation with the hash of what was last applied. */
    public static final String APPLIED = "solaster.io/applied";

    /** The annotation on an object of somebody else that has it taken over: the name of the service that may. */
    public static final String ADOPT = "solaster.io/adopt";

    /** The annotation with when additions of others were removed last, and which: without it, they are removed again. */
    public static final String MENDED = "solaster.io/mended";

    /** The annotation on a pod that names the revision which it was made from. */
    public static final String REVISION = "solaster.io/revision";

    /** A StatefulSet's name and eleven more characters make a label of its pods. */
    static final int WORKLOAD = 52;

    private Names() {}

    /** The workload of a service on a topology class. */
    public static String workload(String service, String topologyClass) {
        return Labels.fit(service + "-" + topologyClass.toLowerCase(Locale.ROOT), WORKLOAD);
    }

    /** A topology class as the value of a label. */
    public static String label(String topologyClass) {
        return Labels.fit(topologyClass, Labels.LENGTH);
    }

    /** The label that the operator gives to the nodes of a topology class. */
    public static Map<String, String> selector(String topologyClass) {
        return Map.of(CLASS, label(topologyClass));
    }
}
