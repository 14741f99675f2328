package io.solaster.operator.client;

import java.util.LinkedHashMap;
import java.util.Map;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Objects that could not be read whole: what they lack, told once. Any thread. */
public final class Unreadable {
    private static final Logger LOG = LoggerFactory.getLogger(Unreadable.class);
    /** No key of an object's metadata that an API server would keep: nobody but the reader can write it. */
    private static final String MARK = "solaster.io/unreadable";
    private static final int REMEMBERED = 4096;
    private static final Map<String, String> TOLD = new LinkedHashMap<>();

    private Unreadable() {}

    /** What could not be read of an object: the keys, their values and why; empty if all could. */
    public static String of(HasMetadata object) {
        ObjectMeta metadata = object.getMetadata();
        Object problem = metadata == null || metadata.getAdditionalProperties() == null
                ? null
                : metadata.getAdditionalProperties().get(MARK);
        return problem == null ? "" : problem.toString();
    }

    /** An object with its name: {@code ShardedService shop/kv}. */
    public static String name(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        return object.getKind() + " " + (namespace == null ? "" : namespace + "/") + object.getMetadata().getName();
    }

    static void mark(HasMetadata object, String problem) {
        if (object.getMetadata() == null) {
            object.setMetadata(new ObjectMeta());
        }
        object.getMetadata().setAdditionalProperty(MARK, problem);
        String name = name(object);
        synchronized (TOLD) {
            if (problem.equals(TOLD.put(name, problem))) {
                return;
            }
            if (TOLD.size() > REMEMBERED) {
                TOLD.remove(TOLD.keySet().iterator().next());
            }
        }
        LOG.warn("{} cannot be read whole: {}. All others are looked after.", name, problem);
    }
}
