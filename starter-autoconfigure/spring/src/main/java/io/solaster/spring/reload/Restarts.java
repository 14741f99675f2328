package io.solaster.spring.reload;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigDiff.Change;
import org.jspecify.annotations.Nullable;

/** Says which changes need a restart: of a server, a pool or a log that comes or goes its name alone, and not all its keys. */
final class Restarts {

    private Restarts() {}

    static List<String> of(SolasterConfig before, SolasterConfig after, List<Change> fixed) {
        Set<String> said = new LinkedHashSet<>();
        for (Change change : fixed) {
            String key = change.key();
            said.add(key.startsWith("solaster.servers.")
                    ? entry(key, "solaster.servers.", "a server", before.servers(), after.servers(), change)
                    : key.startsWith("solaster.udp.")
                            ? entry(key, "solaster.udp.", "a server", before.udp(), after.udp(), change)
                            : key.startsWith("solaster.pools.")
                                    ? entry(key, "solaster.pools.", "a pool", before.pools(), after.pools(), change)
                                    : key.startsWith("solaster.logs.")
                                            ? entry(key, "solaster.logs.", "a log", before.logs(), after.logs(), change)
                                            : change.toString());
        }
        return List.copyOf(said);
    }

    private static String entry(String key, String prefix, String what, Map<String, ?> before, Map<String, ?> after,
            Change change) {
        String come = name(key, prefix, after.keySet(), before.keySet());
        if (come != null) {
            return prefix + come + ": unset -> set; " + what + " comes with a start of the application, so restart it";
        }
        String gone = name(key, prefix, before.keySet(), after.keySet());
        if (gone != null) {
            return prefix + gone + ": set -> unset; " + what + " goes with the application, so restart it, or give it"
                    + " back its place in the file";
        }
        return change.toString();
    }

    /** Whose key it is, among those that are here and not there. */
    private static @Nullable String name(String key, String prefix, Collection<String> here,
            Collection<String> there) {
        for (String name : here) {
            if (!there.contains(name)
                    && (key.startsWith(prefix + name + ".") || key.startsWith(prefix + "[" + name + "]"))) {
                return name;
            }
        }
        return null;
    }
}
