package io.solaster.store.acl;

import java.nio.charset.StandardCharsets;
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
            Matcher words = RULE.matcher(bytesAsText(text));
            String user = bytesAsText(name);
            User known = users.get(user);
            Rights rights = known == null ? Rights.none(catalogue) : known.rights();
            int count = 0;
            try {
                while (words.find()) {
                    count++;
                    rights = rights.with(words.group());
                }
            } catch (BadRuleException e) {
                // Not the rule itself, which may be a password that was written wrong.
                throw invalid(key, "rule " + count + ": " + e.reason(), "write rules as ACL SETUSER takes them");
            }
            try {
                set(user, rights);
            } catch (BadRuleException e) {
                throw invalid(key, e.reason(), "configure fewer users");
            }
        });
    }

    /** What clients would send, in UTF-8, as their arguments are held: one character for each byte. */
    private static String bytesAsText(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
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
        return set(name, rights);
    }

    private User set(String name, Rights rights) throws BadRuleException {
        User user = users.get(name);
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

    /**
     * The default user's password is that of a server, which asks for it already, and no other one. A user with passwords of its
     * own gets this one: else other servers, and shards that see the server's later, would ask for none. On shard 0.
     *
     * @param password null for none
     */
    public void onlyPassword(@Nullable String password) {
        Rights before = defaultUser.rights();
        try {
            if (password == null) {
                defaultUser.rights(before.with("nopass"));
            } else if (!before.takesAnyPassword()) {
                defaultUser.rights(before.with("resetpass").withPassword(password));
            }
        } catch (BadRuleException e) {
            throw new IllegalStateException("rules without arguments", e);
        }
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
