package io.solaster.store.acl;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.config.InvalidConfigException;
import org.jspecify.annotations.Nullable;

/**
 * The users of a store. Each change is one for all shards, made on shard 0; any thread may ask. There is always the user
 * {@code default}, who everybody is that does not log in.
 */
public final class Acl {
    /** Whom a client is that has not said. */
    public static final String DEFAULT = "default";
    private static final int MOST_USERS = 10_000;
    /** A word, or several in parentheses. */
    private static final Pattern RULE = Pattern.compile("\\([^)]*\\)|\\S+");

    private final Catalogue catalogue;
    private final User defaultUser;
    /** Never changed, but replaced. */
    private volatile TreeMap<String, User> users = new TreeMap<>();

    /** @param catalogue what rules can name */
    public Acl(Catalogue catalogue) {
        this.catalogue = catalogue;
        Rights all = Rights.none(catalogue);
        try {
            for (String rule : List.of("on", "nopass", "+@all", "~*", "&*")) {
                all = all.with(rule);
            }
        } catch (BadRuleException e) {
            throw new IllegalStateException("the default user's rules", e);
        }
        defaultUser = new User(DEFAULT, all);
        users.put(DEFAULT, defaultUser);
    }

    public Catalogue catalogue() {
        return catalogue;
    }

    public User defaultUser() {
        return defaultUser;
    }

    /** The user of that name; null for none. */
    public @Nullable User find(String name) {
        return users.get(name);
    }

    /** All users, by their names. */
    public Collection<User> all() {
        return users.values();
    }

    /**
     * Makes users as configured, or changes the default one; before there are clients.
     *
     * @param configured by name, with what {@code ACL SETUSER} takes
     * @throws InvalidConfigException if a name or a rule makes no sense
     */
    public void configure(Map<String, String> configured) {
        configured.forEach((name, text) -> {
            String key = "solaster.store.users." + name;
            if (!isWord(name) || name.isEmpty()) {
                throw invalid(key, "a user's name has no blanks", "write another name");
            }
            Matcher words = RULE.matcher(text);
            List<String> rules = new ArrayList<>();
            while (words.find()) {
                rules.add(words.group());
            }
            try {
                set(name, rules);
            } catch (BadRuleException e) {
                throw invalid(key, e.reason(), "write rules as ACL SETUSER takes them");
            }
        });
    }

    /** The value may hold passwords, so it is not shown. */
    private static InvalidConfigException invalid(String key, String reason, String fix) {
        return new InvalidConfigException(List.of(new InvalidConfigException.Violation(key, "******", reason, fix)));
    }

    /**
     * Makes a user, or changes one: follows all of the rules, or none. On shard 0, or before there are clients.
     *
     * @throws BadRuleException with the rule and what is wrong with it, in Redis's words
     */
    public User set(String name, List<String> rules) throws BadRuleException {
        User user = users.get(name);
        Rights rights = user == null ? Rights.none(catalogue) : user.rights();
        for (String rule : rules) {
            try {
                rights = rights.with(rule);
            } catch (BadRuleException e) {
                throw new BadRuleException("Error in ACL SETUSER modifier '" + rule + "': " + e.reason());
            }
        }
        if (user != null) {
            user.rights(rights);
            return user;
        }
        if (users.size() >= MOST_USERS) {
            throw new BadRuleException("There are " + MOST_USERS + " users already; remove some with ACL DELUSER");
        }
        User made = new User(name, rights);
        TreeMap<String, User> more = new TreeMap<>(users);
        more.put(name, made);
        users = more;
        return made;
    }

    /** Removes a user but the default one; whether there was one. Who asks ends the connections. On shard 0. */
    public boolean remove(String name) {
        User user = users.get(name);
        if (user == null || user == defaultUser) {
            return false;
        }
        TreeMap<String, User> fewer = new TreeMap<>(users);
        fewer.remove(name);
        users = fewer;
        user.remove(Rights.none(catalogue));
        return true;
    }

    /** Whether a text can be a user's name or a pattern: it has no blanks and no zero byte. */
    public static boolean isWord(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0 || c == ' ' || c >= '\t' && c <= '\r') {
                return false;
            }
        }
        return true;
    }
}
