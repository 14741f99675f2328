package io.solaster.operator.reconcile;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Requests to an API server, as the verbs that roles permit. */
final class Asked {
    private Asked() {}

    /** What rules permit, in the words of {@link #verbs}. */
    static Set<String> permitted(List<Permissions.Rule> rules) {
        Set<String> verbs = new TreeSet<>();
        rules.forEach(
                rule -> rule.verbs().forEach(verb -> verbs.add(verb + " " + rule.group() + "/" + rule.resource())));
        return verbs;
    }

    /**
     * What was done: verb, group and resource.
     *
     * @param asked requests, as method and path, and whether they watched
     */
    static Set<String> verbs(Set<String> asked) {
        Pattern path = Pattern.compile(
                "(\\w+) /(?:api/v1|apis/([^/]+)/[^/]+)/(?:namespaces/[^/]+/)?([a-z]+)(?:/([^/ ]+))?(?:/(status))?( watch)?");
        Set<String> verbs = new TreeSet<>();
        for (String request : asked) {
            Matcher match = path.matcher(request);
            if (!match.matches() || match.group(3).startsWith("selfsubject")) {
                // Which kinds there are, and what it may do, everybody may ask.
                continue;
            }
            boolean named = match.group(4) != null;
            String what = " " + (match.group(2) == null ? "" : match.group(2)) + "/" + match.group(3)
                    + (match.group(5) == null ? "" : "/" + match.group(5));
            switch (match.group(1)) {
                case "GET" -> verbs.add((match.group(6) != null ? "watch" : named ? "get" : "list") + what);
                case "POST" -> verbs.add("create" + what);
                case "PUT" -> verbs.add("update" + what);
                case "DELETE" -> verbs.add("delete" + what);
                default -> {
                    verbs.add("patch" + what);
                    if (!what.contains("nodes") && !what.contains("status") && !what.contains("events")) {
                        // An object that is applied and not there yet is made.
                        verbs.add("create" + what);
                    }
                }
            }
        }
        return verbs;
    }
}
