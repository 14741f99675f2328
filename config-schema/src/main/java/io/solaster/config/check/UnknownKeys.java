package io.solaster.config.check;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

import io.solaster.config.InvalidConfigException.Severity;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigTree.Node;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * Finds keys below {@code solaster} that nothing reads: in files, in arguments, and in variables of the environment,
 * which Spring's own check leaves out.
 */
final class UnknownKeys {
    private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("solaster");
    private static final String VARIABLE = "SOLASTER_";
    /** Read by the engine and by the test kit, for tests, where there is no configuration: flags of the JVM and no keys. */
    private static final Set<String> FLAGS = Set.of("solaster.engine.shuffle-seed", "solaster.simulation.time",
            "solaster.simulation.seed", "solaster.simulation.report");
    /** What Kubernetes tells each container of each Service, whose name may begin with ours. */
    private static final Pattern LINK = Pattern.compile(
            "SOLASTER(_\\w+)?_(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");
    private static final Pattern LINK_PORT = Pattern.compile("SOLASTER(_\\w+)?_PORT");
    private static final Pattern LINK_VALUE = Pattern.compile("(tcp|udp|sctp)://.*");
    private static final Pattern SECRET = Pattern.compile("(?i).*(pass|secret|token|credential|key).*");

    private final Map<String, Violation> violations = new LinkedHashMap<>();
    private final List<String> links = new ArrayList<>();
    private final Set<String> unreadable;
    private final SolasterConfig config;

    /**
     * @param config what was read, by which names in variables are known
     * @param unreadable groups of keys that could not be read as such: what stands below them is passed over
     */
    UnknownKeys(SolasterConfig config, Set<String> unreadable) {
        this.config = config;
        this.unreadable = unreadable;
    }

    /** One violation for each key, with its origin. */
    List<Violation> violations() {
        return List.copyOf(violations.values());
    }

    /** Variables that are links to Kubernetes services. */
    List<String> links() {
        return links;
    }

    void look(Iterable<ConfigurationPropertySource> sources) {
        for (ConfigurationPropertySource source : sources) {
            if (source instanceof IterableConfigurationPropertySource iterable
                    && source.containsDescendantOf(ROOT) != ConfigurationPropertyState.ABSENT) {
                if (source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource environment) {
                    environment.getSource().forEach((name, value) -> lookAtVariable(name, environment));
                } else {
                    iterable.stream().filter(ROOT::isAncestorOf).forEach(name -> lookAt(name, source));
                }
            }
        }
    }

    private void lookAt(ConfigurationPropertyName name, ConfigurationPropertySource source) {
        List<String> path = new ArrayList<>();
        for (int i = 0; i < name.getNumberOfElements(); i++) {
            path.add(name.getElement(i, Form.ORIGINAL));
        }
        if (!isKnown(path) && !FLAGS.contains(name.toString())
                && unreadable.stream().noneMatch(group -> name.toString().startsWith(group + "."))) {
            var property = source.getConfigurationProperty(name);
            add(name.toString(), path, property == null ? "" : String.valueOf(property.getValue()), Nearest.fix(path),
                    property == null ? null : SpringOrigins.describe(property));
        }
    }

    private static boolean isKnown(List<String> path) {
        Node node = ConfigTree.ROOT;
        for (int i = 1; i < path.size(); i++) {
            Node child = node.child(path.get(i));
            if (child == null) {
                return false;
            }
            if (child.isLeaf() && node.isMap() && Map.class.isAssignableFrom(node.type())) {
                // The names of plain values may have dots in them.
                return true;
            }
            node = child;
        }
        return true;
    }

    private void add(String key, List<String> path, String value, String fix, @Nullable String origin) {
        boolean secret = SECRET.matcher(path.getLast()).matches() || SECRET.matcher(fix).matches();
        String shown = secret ? "******" : value;
        violations.putIfAbsent(key, new Violation(key, shown, "there is no such key", fix, Severity.ERROR,
                origin));
    }

    private void lookAtVariable(String name, PropertySource<?> environment) {
        String upper = name.toUpperCase(Locale.ROOT);
        if (!upper.startsWith(VARIABLE)) {
            return;
        }
        String value = String.valueOf(environment.getProperty(name));
        List<String> words = List.of(upper.substring(VARIABLE.length()).split("_"));
        if (isLink(upper, value)) {
            links.add(name);
        } else if (!isKnown(ConfigTree.ROOT, config, words)) {
            List<String> path = new ArrayList<>(List.of("solaster"));
            words.forEach(word -> path.add(word.toLowerCase(Locale.ROOT)));
            add(name, path, value, Nearest.fixVariable(path), SpringOrigins.VARIABLE + name);
        }
    }

    private static boolean isLink(String variable, String value) {
        return LINK.matcher(variable).matches()
                || LINK_PORT.matcher(variable).matches() && LINK_VALUE.matcher(value).matches();
    }

    /** Spring finds 'task-quota' as TASKQUOTA and as TASK_QUOTA. */
    private static boolean isKnown(Node node, @Nullable Object value, List<String> words) {
        if (words.isEmpty()) {
            return true;
        }
        if (node.isMap()) {
            Node entry = node.children().getFirst();
            if (value instanceof Map<?, ?> map) {
                for (Map.Entry<?, ?> each : map.entrySet()) {
                    List<String> rest = after(String.valueOf(each.getKey()), words);
                    if (rest != null && (entry.isLeaf() || isKnown(entry, each.getValue(), rest))) {
                        return true;
                    }
                }
            } else if (value instanceof List<?> list) {
                String index = words.getFirst();
                return index.matches("[0-9]{1,9}") && Integer.parseInt(index) < list.size()
                        && isKnown(entry, list.get(Integer.parseInt(index)), words.subList(1, words.size()));
            }
            return false;
        }
        for (Node child : node.children()) {
            List<String> rest = after(child.name(), words);
            if (rest != null && isKnown(child, child.in(value), rest)) {
                return true;
            }
        }
        return false;
    }

    /** The words after those that spell a name; null if they do not. */
    private static @Nullable List<String> after(String name, List<String> words) {
        if (ConfigTree.uniform(name).equalsIgnoreCase(words.getFirst())) {
            return words.subList(1, words.size());
        }
        List<String> spelled = List.of(name.toUpperCase(Locale.ROOT).split("[^A-Z0-9]+"));
        return words.size() >= spelled.size() && words.subList(0, spelled.size()).equals(spelled)
                ? words.subList(spelled.size(), words.size())
                : null;
    }
}
