package io.solaster.store.acl;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** What one user may do, and how the user is recognised; never changed, so any thread may ask. */
public final class Rights {
    /** Passwords, patterns, selectors: no user has more of each. */
    static final int MOST = 1024;
    private static final int HASH = 64;
    private static final HexFormat HEX = HexFormat.of();

    private final Catalogue catalogue;
    private final boolean enabled;
    private final boolean anyPassword;
    /** What was said of checking what RESTORE is given, which is always done; empty for nothing. */
    private final String sanitizes;
    /** SHA-256, in lower-case hexadecimal digits. */
    private final List<String> passwords;
    /** The user's own rules first. */
    private final List<Selector> selectors;
    private final boolean mayAll;

    private Rights(Catalogue catalogue, boolean enabled, boolean anyPassword, String sanitizes, List<String> passwords,
            List<Selector> selectors) {
        this.catalogue = catalogue;
        this.enabled = enabled;
        this.anyPassword = anyPassword;
        this.sanitizes = sanitizes;
        this.passwords = List.copyOf(passwords);
        this.selectors = List.copyOf(selectors);
        this.mayAll = selectors.stream().anyMatch(Selector::mayAll);
    }

    /** Of a new user: nobody may log in, and nothing is allowed. */
    static Rights none(Catalogue catalogue) {
        return new Rights(catalogue, false, false, "", List.of(), List.of(new Selector(catalogue)));
    }

    /** Whether everything is allowed: what a command is asked first. */
    public boolean mayAll() {
        return mayAll;
    }

    /** Whether one may log in as this user. */
    public boolean isEnabled() {
        return enabled;
    }

    /** Whether any password is right. */
    public boolean takesAnyPassword() {
        return anyPassword;
    }

    /** Hashes of the passwords that are right. */
    public List<String> passwords() {
        return passwords;
    }

    /** The user's own rules, then further selectors: one of them has to allow all of a command. */
    public List<Selector> selectors() {
        return selectors;
    }

    /** Whether a password is right; takes as long for each that is not. */
    public boolean takes(byte[] password) {
        if (anyPassword) {
            return true;
        }
        byte[] given = hash(password).getBytes(StandardCharsets.US_ASCII);
        boolean found = false;
        for (String right : passwords) {
            found |= MessageDigest.isEqual(given, right.getBytes(StandardCharsets.US_ASCII));
        }
        return found;
    }

    /** The SHA-256 of a password, in lower-case hexadecimal digits. */
    public static String hash(byte[] password) {
        try {
            return HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(password));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Whether the channels may be used that others allow: each rule of theirs is here, too. */
    public boolean mayUseChannelsOf(Rights before) {
        return before.selectors.stream()
                .allMatch(was -> selectors.stream().anyMatch(selector -> selector.mayUseChannelsOf(was)));
    }

    /** What is said of the user in words: {@code on}, {@code nopass} and so on. */
    public List<String> flags() {
        List<String> flags = new ArrayList<>();
        flags.add(enabled ? "on" : "off");
        if (anyPassword) {
            flags.add("nopass");
        }
        if (!sanitizes.isEmpty()) {
            flags.add(sanitizes);
        }
        return flags;
    }

    /** The rules that would make this, as {@code ACL LIST} tells them. */
    public String describe() {
        StringBuilder text = new StringBuilder(String.join(" ", flags())).append(' ');
        passwords.forEach(password -> text.append('#').append(password).append(' '));
        text.append(selectors.getFirst().describe());
        selectors.stream().skip(1).forEach(each -> text.append(" (").append(each.describe()).append(')'));
        return text.toString();
    }

    /** This without {@code nopass}, with one password more: what holds where a server has one. */
    public Rights withPassword(String password) {
        List<String> more = new ArrayList<>(passwords);
        String hash = hash(password.getBytes(StandardCharsets.UTF_8));
        if (!more.contains(hash)) {
            more.add(hash);
        }
        return new Rights(catalogue, enabled, false, sanitizes, more, selectors);
    }

    /** This after one rule. */
    Rights with(String rule) throws BadRuleException {
        if (rule.isEmpty()) {
            return this;
        }
        return switch (rule.toLowerCase(Locale.ROOT)) {
            case "on" -> new Rights(catalogue, true, anyPassword, sanitizes, passwords, selectors);
            case "off" -> new Rights(catalogue, false, anyPassword, sanitizes, passwords, selectors);
            case "sanitize-payload", "skip-sanitize-payload" ->
                new Rights(catalogue, enabled, anyPassword, rule.toLowerCase(Locale.ROOT), passwords, selectors);
            case "nopass" -> new Rights(catalogue, enabled, true, sanitizes, List.of(), selectors);
            case "resetpass" -> new Rights(catalogue, enabled, false, sanitizes, List.of(), selectors);
            case "clearselectors" ->
                new Rights(catalogue, enabled, anyPassword, sanitizes, passwords, selectors.subList(0, 1));
            case "reset" -> none(catalogue).with("sanitize-payload");
            default -> withPrefixed(rule);
        };
    }

    private Rights withPrefixed(String rule) throws BadRuleException {
        return switch (rule.charAt(0)) {
            case '>' -> added(hash(rule.substring(1).getBytes(StandardCharsets.ISO_8859_1)));
            case '#' -> added(checked(rule.substring(1)));
            case '<' -> removed(hash(rule.substring(1).getBytes(StandardCharsets.ISO_8859_1)));
            case '!' -> removed(checked(rule.substring(1)));
            case '(' -> withSelector(rule);
            default -> {
                List<Selector> changed = new ArrayList<>(selectors);
                Selector own = selectors.getFirst().copy();
                own.apply(rule);
                changed.set(0, own);
                yield new Rights(catalogue, enabled, anyPassword, sanitizes, passwords, changed);
            }
        };
    }

    private Rights withSelector(String rule) throws BadRuleException {
        if (!rule.endsWith(")")) {
            throw new BadRuleException(BadRuleException.SYNTAX);
        }
        if (selectors.size() == MOST) {
            throw new BadRuleException(BadRuleException.TOO_MANY);
        }
        Selector more = new Selector(catalogue);
        for (String each : rule.substring(1, rule.length() - 1).trim().split("\\s+", -1)) {
            if (!each.isEmpty()) {
                more.apply(each);
            }
        }
        List<Selector> all = new ArrayList<>(selectors);
        all.add(more);
        return new Rights(catalogue, enabled, anyPassword, sanitizes, passwords, all);
    }

    private Rights added(String hash) throws BadRuleException {
        List<String> more = new ArrayList<>(passwords);
        if (!more.contains(hash)) {
            if (more.size() == MOST) {
                throw new BadRuleException(BadRuleException.TOO_MANY);
            }
            more.add(hash);
        }
        return new Rights(catalogue, enabled, false, sanitizes, more, selectors);
    }

    private Rights removed(String hash) throws BadRuleException {
        List<String> fewer = new ArrayList<>(passwords);
        if (!fewer.remove(hash)) {
            throw new BadRuleException(BadRuleException.NO_SUCH_PASSWORD);
        }
        return new Rights(catalogue, enabled, anyPassword, sanitizes, fewer, selectors);
    }

    private static String checked(String hash) throws BadRuleException {
        boolean right = hash.length() == HASH;
        for (int i = 0; i < hash.length() && right; i++) {
            char c = hash.charAt(i);
            right = c >= '0' && c <= '9' || c >= 'a' && c <= 'f';
        }
        if (!right) {
            throw new BadRuleException(BadRuleException.BAD_HASH);
        }
        return hash;
    }
}
