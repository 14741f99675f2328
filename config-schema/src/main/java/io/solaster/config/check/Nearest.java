package io.solaster.config.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.solaster.config.check.ConfigTree.Node;
import org.jspecify.annotations.Nullable;

/** Finds what somebody may have meant who wrote a key that is not there. */
final class Nearest {
    private Nearest() {}

    /** What to write instead of a key, as a clause. */
    static String fix(List<String> written) {
        String nearest = nearest(written);
        return nearest != null ? "write " + nearest : "write one of " + choices(written);
    }

    /** What to write instead of a variable of the environment, of which these are the words. */
    static String fixVariable(List<String> written) {
        String nearest = nearest(written);
        return nearest != null ? "write " + variable(nearest) : "remove it, or set one of " + choices(written);
    }

    /** As Spring's documentation spells it. */
    private static String variable(String key) {
        return key.replace("-", "").replace('.', '_').toUpperCase(Locale.ROOT);
    }

    private static @Nullable String nearest(List<String> written) {
        String text = join(written);
        String last = ConfigTree.uniform(written.getLast());
        String best = null;
        int least = Integer.MAX_VALUE;
        for (String leaf : ConfigTree.leaves()) {
            String candidate = named(leaf.split("\\."), written);
            if (written.size() > 2 && candidate.contains(ConfigTree.ANY)
                    && !leaf.startsWith("solaster." + written.get(1) + ".")) {
                // It stands below a name that nobody has written.
                continue;
            }
            int distance = distance(text, candidate);
            // A key in the wrong place is meant, however far from there it stands.
            boolean misplaced = ConfigTree.uniform(candidate.substring(candidate.lastIndexOf('.') + 1)).equals(last);
            if (distance < least && (misplaced || distance <= Math.max(2, written.getLast().length() / 3))) {
                least = distance;
                best = candidate;
            }
        }
        return best;
    }

    /** A key with the names that were written where it has names that the user chooses. */
    private static String named(String[] key, List<String> written) {
        for (int i = 0; i < key.length; i++) {
            if (key[i].equals(ConfigTree.ANY) && i < written.size() - 1 && key[i - 1].equals(written.get(i - 1))) {
                key[i] = written.get(i);
            }
        }
        return join(List.of(key));
    }

    /** With the places of lists in brackets. */
    private static String join(List<String> path) {
        return String.join(".", path).replaceAll("[.]([0-9]+)(?=[.]|$)", "[$1]");
    }

    private static String choices(List<String> written) {
        Node node = ConfigTree.ROOT;
        StringBuilder prefix = new StringBuilder(node.name());
        for (String element : written.subList(1, written.size())) {
            Node child = node.child(element);
            if (child == null || child.isLeaf()) {
                break;
            }
            node = child;
            prefix.append('.').append(child.name().equals(ConfigTree.ANY) ? element : child.name());
        }
        List<String> names = new ArrayList<>();
        node.children().forEach(child -> names.add(child.name()));
        return String.join(", ", names) + " below " + prefix;
    }

    /** How many letters must be added, removed, changed or swapped with their neighbour. */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
