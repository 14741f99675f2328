package io.solaster.config.check;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.Wording;
import io.solaster.config.value.Range;
import io.solaster.config.value.Reloadable;
import org.jspecify.annotations.Nullable;

/**
 * The configuration as a tree of keys, and the one place that looks into its records: whoever checks, compares, shows or
 * changes values by their keys walks this tree. What it knows of the records is read from them once. Any thread.
 */
public final class ConfigTree {
    /** Stands for a name that the user chooses, of a server or a group, and for a place in a list. */
    static final String ANY = "<name>";
    /** All keys. */
    static final Node ROOT = node("solaster", SolasterConfig.class, false, null);

    private static final Pattern PLAIN_NAME = Pattern.compile("[a-z0-9][a-z0-9-]*");

    private ConfigTree() {}

    /** Is told each value of a configuration. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * A value.
         *
         * @param key such as {@code solaster.engine.groups.reports.shares}
         * @param value null where nothing is given; a list is one value
         */
        void value(String key, @Nullable Object value);
    }

    /** As {@link Visitor}, with what the records say of the value. */
    @FunctionalInterface
    interface NodeVisitor {
        void value(String key, Node node, @Nullable Object value);
    }

    /**
     * A key, or a group of keys.
     *
     * @param name the last element of its path, such as {@code task-quota}
     * @param type a record, a map, a list, or the type of a value
     * @param reloadable whether it may change while the application runs
     * @param component the component of the record above that it is; null where it is none
     * @param range the numbers that it may be; null for any
     * @param children what stands below it; none below a value
     */
    record Node(String name, Class<?> type, boolean reloadable, @Nullable Method component, @Nullable Range range,
            List<Node> children) {

        boolean isLeaf() {
            return children.isEmpty();
        }

        /** Whether what stands below it has names that the user chooses, or places in a list. */
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

        /** What a record has as this component of it; null if it has nothing there, or is no record. */
        @Nullable
        Object in(@Nullable Object above) {
            try {
                return component == null || !(above instanceof Record) ? null : component.invoke(above);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + component, e);
            }
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

    /** Everything that a configuration is made of: its records and the types of their values. */
    public static Set<Class<?>> types() {
        Set<Class<?>> types = new LinkedHashSet<>();
        types(ROOT, types);
        return types;
    }

    private static void types(Node node, Set<Class<?>> into) {
        into.add(node.type());
        node.children().forEach(child -> types(child, into));
    }

    /** Tells each value of a configuration, in the order of the records. */
    public static void visit(SolasterConfig config, Visitor visitor) {
        visit(ROOT.name(), ROOT, config, (key, node, value) -> visitor.value(key, value));
    }

    /** Tells each value below a node. */
    static void visit(String key, Node node, @Nullable Object value, NodeVisitor visitor) {
        if (node.isLeaf() || node.isList()) {
            visitor.value(key, node, value);
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((name, entry) -> visit(entryKey(key, String.valueOf(name)), node.children().getFirst(), entry,
                    visitor));
        } else {
            node.children().forEach(child -> visit(key + "." + child.name(), child, child.in(value), visitor));
        }
    }

    /**
     * A tree that has another value at a path, and is the same elsewhere.
     *
     * @param path names of components, however they are spelled, and keys of maps, places in lists
     * @return null if nothing stands there
     */
    static @Nullable Object replace(Node node, Object tree, List<String> path, Object value) {
        if (path.isEmpty()) {
            return value;
        }
        String name = path.getFirst();
        Node child = node.child(name);
        Object before = child == null
                ? null
                : switch (tree) {
                    case Map<?, ?> map -> map.get(name);
                    case List<?> list -> name.matches("[0-9]{1,9}") && Integer.parseInt(name) < list.size()
                            ? list.get(Integer.parseInt(name))
                            : null;
                    default -> child.in(tree);
                };
        Object after = child == null || before == null
                ? null
                : replace(child, before, path.subList(1, path.size()), value);
        if (child == null || after == null) {
            return null;
        }
        return switch (tree) {
            case Map<?, ?> map -> {
                Map<Object, Object> copy = new LinkedHashMap<>(map);
                copy.put(name, after);
                yield copy;
            }
            case List<?> list -> {
                List<Object> copy = new ArrayList<>(list);
                copy.set(Integer.parseInt(name), after);
                yield copy;
            }
            default -> copy(node, tree, child.name(), after);
        };
    }

    /** A record with another value of one component. */
    private static Object copy(Node node, Object record, String changed, Object value) {
        try {
            return node.type().getDeclaredConstructor(
                    node.children().stream().map(Node::type).toArray(Class<?>[]::new)).newInstance(
                            node.children().stream()
                                    .map(child -> child.name().equals(changed) ? value : child.in(record))
                                    .toArray());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot copy " + node.type(), e);
        }
    }

    private static Node node(String name, Type type, boolean reloadable, @Nullable Method component) {
        Range range = component == null ? null : component.getAnnotation(Range.class);
        if (type instanceof ParameterizedType generic) {
            // The entries of a map, or of a list.
            Class<?> raw = (Class<?>) generic.getRawType();
            Type entry = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            return new Node(name, raw, reloadable, component, range,
                    isGroup(raw) ? List.of(node(ANY, entry, reloadable, null)) : List.of());
        }
        Class<?> plain = (Class<?>) type;
        return new Node(name, plain, reloadable, component, range, isGroup(plain)
                ? Arrays.stream(plain.getRecordComponents()).map(each -> node(each, reloadable)).toList()
                : List.of());
    }

    private static Node node(RecordComponent component, boolean above) {
        Method accessor = component.getAccessor();
        return node(kebab(component.getName()), component.getGenericType(),
                above || accessor.isAnnotationPresent(Reloadable.class), accessor);
    }

    /**
     * Whether a value may change while the application runs.
     *
     * @param key such as {@code solaster.servers.kv.limits.max-bulk}, also with other words for names
     * @throws IllegalArgumentException if there is no such key
     */
    public static boolean isReloadable(String key) {
        // A name in brackets may have dots in it.
        String path = key.replaceAll("\\[[^]]*\\]", ".name");
        Node node = at(List.of(path.substring(ROOT.name().length() + 1).split("\\.", -1)));
        if (node == null) {
            throw new IllegalArgumentException("there is no key " + path);
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
        Node node = at(path);
        return path.isEmpty() || node == null || node.isLeaf() || !node.type().isRecord() ? null : node.type();
    }

    private static @Nullable Node at(List<String> path) {
        Node node = ROOT;
        for (String element : path) {
            node = node == null ? null : node.child(element);
        }
        return node;
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
        Class<?> written = Collection.class.isAssignableFrom(type) && element != null ? element : type;
        return written == String.class || valueOf(written) != null;
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

    /** {@code lane-capacity} of {@code laneCapacity}. */
    static String kebab(String camel) {
        return camel.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    /** What is left of an element when its spelling does not matter. */
    static String uniform(String element) {
        return element.replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
    }

    /** The key of a map's entry, as Spring writes it: {@code servers.kv}, or {@code servers[a.b]}. */
    static String entryKey(String map, String name) {
        return PLAIN_NAME.matcher(name).matches() ? map + "." + name : map + "[" + name + "]";
    }

    /** A value as it would be written: {@code 500us}, {@code io_uring}; what is written in a list, with commas between. */
    public static String written(Object value) {
        return switch (value) {
            case Duration duration -> Wording.print(duration);
            case Enum<?> choice -> Wording.choice(choice);
            case List<?> list -> list.stream().map(ConfigTree::written).collect(joining(", "));
            default -> value.toString();
        };
    }
}
