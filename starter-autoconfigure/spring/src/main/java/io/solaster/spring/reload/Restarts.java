package io.solaster.spring.reload;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigDiff.Change;
import org.jspecify.annotations.Nullable;

/** Says which changes need a restart: of a server, a pool, a log or a topic that comes or goes its name alone, and not all its keys. */
final class Restarts {
    private static final List<Named> NAMED = List.of(
            new Named("solaster.servers", "a server", SolasterConfig::servers),
            new Named("solaster.udp", "a server", SolasterConfig::udp),
            new Named("solaster.pools", "a pool", SolasterConfig::pools),
            new Named("solaster.logs", "a log", SolasterConfig::logs),
            new Named("solaster.topics", "a topic", SolasterConfig::topics));

    private Restarts() {}

    static List<String> of(SolasterConfig before, SolasterConfig after, List<Change> fixed) {
        Set<String> said = new LinkedHashSet<>();
        for (Change change : fixed) {
            said.add(NAMED.stream().filter(named -> named.has(change.key())).findFirst()
                    .map(named -> entry(named, before, after, change)).orElseGet(change::toString));
        }
        return List.copyOf(said);
    }

    private static String entry(Named named, SolasterConfig before, SolasterConfig after, Change change) {
        Collection<String> were = named.all.apply(before).keySet();
        Collection<String> are = named.all.apply(after).keySet();
        String come = name(change.key(), named, are, were);
        if (come != null) {
            return named.key(come) + ": unset -> set; " + named.what
                    + " comes with a start of the application, so restart it";
        }
        String gone = name(change.key(), named, were, are);
        if (gone != null) {
            return named.key(gone) + ": set -> unset; " + named.what
                    + " goes with the application, so restart it, or give it back its place in the file";
        }
        return change.toString();
    }

    /** Whose key it is, among those that are here and not there. */
    private static @Nullable String name(String key, Named named, Collection<String> here, Collection<String> there) {
        for (String name : here) {
            if (!there.contains(name) && (key.startsWith(named.prefix + "." + name + ".")
                    || key.startsWith(named.prefix + "[" + name + "]"))) {
                return name;
            }
        }
        return null;
    }

    /** What users name, below a key. */
    private record Named(String prefix, String what, Function<SolasterConfig, Map<String, ?>> all) {
        boolean has(String key) {
            return key.startsWith(prefix + ".") || key.startsWith(prefix + "[");
        }

        String key(String name) {
            return name.matches("[a-z0-9][a-z0-9-]*") ? prefix + "." + name : prefix + "[" + name + "]";
        }
    }
}
