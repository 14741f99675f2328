package io.solaster.config.check;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.Wording;
import io.solaster.config.value.Reloadable;
import org.jspecify.annotations.Nullable;

/**
 * Every key there is, as the records have it: nothing else lists them. A name that the user chooses, of a server or a
 * group, is {@link #ANY}.
 */
final class ConfigKeys {
    /** Stands for a name that the user chooses. */
    static final String ANY = "<name>";
    /** All keys. */
    static final Node ROOT = node("solaster", SolasterConfig.class, false);

    private ConfigKeys() {}

    /**
     * A key, or a group of keys.
     *
     * @param name the last element of its path, such as {@code task-quota}
     * @param type a record, a map, or the type of a value
     * @param reloadable whether it may change while the application runs
     * @param children what stands below it; none below a value
     */
    record Node(String name, Class<?> type, boolean reloadable, List<Node> children) {

        boolean isLeaf() {
            return children.isEmpty();
        }

        /** Whether what stands below it has names that the user chooses. */
        boolean isMap() {
            return children.size() == 1 && children.getFirst().name().equals(ANY);
        }

        /** Whether it is a list. */
        boolean isList() {
            return Collection.class.isAssignableFrom(type);
        }

        /** What stands below it by a name, however that is spelled; null if nothing does. */
        @Nullable
        Node child(String written) {
            if (isMap()) {
                return children.getFirst();
            }
            String uniform = uniform(written);
            for (Node child : children) {
                if (uniform(child.name()).equals(uniform)) {
                    return child;
                }
            }
            return null;
        }

        /** The paths of all values below it, such as {@code solaster.servers.<name>.port}, after a prefix. */
        void leaves(String prefix, List<String> into) {
            if (isLeaf()) {
                into.add(prefix + name);
            }
            children.forEach(child -> child.leaves(prefix + name + ".", into));
        }
    }

    /** The paths of all values. */
    static List<String> leaves() {
        List<String> leaves = new ArrayList<>();
        ROOT.leaves("", leaves);
        return leaves;
    }

    private static Node node(String name, Type type, boolean reloadable) {
        if (type instanceof ParameterizedType generic) {
            // The entries of a map, or of a list.
            Class<?> raw = (Class<?>) generic.getRawType();
            Type entry = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            return new Node(name, raw, reloadable,
                    isGroup(raw) ? List.of(node(ANY, entry, reloadable)) : List.of());
        }
        Class<?> plain = (Class<?>) type;
        return new Node(name, plain, reloadable, isGroup(plain)
                ? Arrays.stream(plain.getRecordComponents()).map(component -> node(component, reloadable)).toList()
                : List.of());
    }

    private static Node node(RecordComponent component, boolean above) {
        return node(Wording.kebab(component.getName()), component.getGenericType(),
                above || component.getAccessor().isAnnotationPresent(Reloadable.class));
    }

    /** Whether a value may change while the application runs, by its key, or its path with {@link #ANY} for names. */
    static boolean isReloadable(String key) {
        // A name in brackets may have dots in it.
        String path = key.replaceAll("\\[[^]]*\\]", ".name");
        Node node = ROOT;
        for (String element : List.of(path.substring(ROOT.name().length() + 1).split("\\.", -1))) {
            Node child = node.child(element);
            if (child == null) {
                throw new IllegalArgumentException("there is no key " + path);
            }
            node = child;
        }
        return node.reloadable();
    }

    /**
     * The record that stands at a path.
     *
     * @param path the elements below {@code solaster}, however they are spelled
     * @return null if it is the root, or no record of keys
     */
    static @Nullable Class<?> group(List<String> path) {
        Node node = ROOT;
        for (String element : path) {
            Node child = node.child(element);
            if (child == null) {
                return null;
            }
            node = child;
        }
        return path.isEmpty() || node.isLeaf() || !node.type().isRecord() ? null : node.type();
    }

    /**
     * Whether keys stand below it: not below a value, which a record of one component may be that reads itself from text.
     */
    static boolean isGroup(Class<?> type) {
        return Map.class.isAssignableFrom(type) || Collection.class.isAssignableFrom(type)
                || type.isRecord() && (valueOf(type) == null || type.getRecordComponents().length > 1);
    }

    /** Whether a group may also be written as plain text, or is a list of what may, with commas between. */
    static boolean isAlsoText(Class<?> type, @Nullable Class<?> element) {
        return valueOf(Collection.class.isAssignableFrom(type) && element != null ? element : type) != null;
    }

    /** How a record reads itself from text; null if it does not. */
    static @Nullable Method valueOf(Class<?> type) {
        try {
            Method method = type.getMethod("valueOf", String.class);
            return type.isRecord() && Modifier.isStatic(method.getModifiers()) ? method : null;
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    /** What is left of an element when its spelling does not matter. */
    static String uniform(String element) {
        return element.replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
    }
}
