package io.solaster.store.acl;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.store.acl.Catalogue.Pattern;
import org.jspecify.annotations.Nullable;

/** One set of rules: which commands, on which keys and channels. Changed only until it is part of a user's {@link Rights}. */
public final class Selector {
    private final Catalogue catalogue;
    private final BitSet commands = new BitSet();
    /** Words that the first argument of a command may be which is not allowed else. */
    private final Map<Integer, List<String>> firstArguments = new HashMap<>();
    private final Map<String, Key> keys = new LinkedHashMap<>();
    private final Map<String, Pattern> channels = new LinkedHashMap<>();
    /** Whether nothing was taken away since all commands were allowed. */
    private boolean allCommands;
    /** Whether commands are allowed unless taken away, and not the other way round. */
    private boolean subtractive;
    private boolean allKeys;
    private boolean allChannels;

    /** A pattern of keys, and what may be done with those that match. */
    private record Key(Pattern pattern, boolean reads, boolean writes) {}

    Selector(Catalogue catalogue) {
        this.catalogue = catalogue;
    }

    Selector copy() {
        Selector copy = new Selector(catalogue);
        copy.commands.or(commands);
        firstArguments.forEach((command, words) -> copy.firstArguments.put(command, new ArrayList<>(words)));
        copy.keys.putAll(keys);
        copy.channels.putAll(channels);
        copy.allCommands = allCommands;
        copy.subtractive = subtractive;
        copy.allKeys = allKeys;
        copy.allChannels = allChannels;
        return copy;
    }

    // ---- what it allows

    boolean mayAll() {
        return allCommands && allKeys && allChannels;
    }

    /** Whether all keys may be read and written. */
    public boolean mayAllKeys() {
        return allKeys;
    }

    /** Whether all keys may be read. */
    public boolean mayReadAllKeys() {
        Key any = keys.get("*");
        return allKeys || any != null && any.reads;
    }

    /** Whether each channel may be used that another selector allows, so far as its rules say so. */
    boolean mayUseChannelsOf(Selector other) {
        return allChannels || !other.allChannels && channels.keySet().containsAll(other.channels.keySet());
    }

    /** Whether all channels may be used. */
    public boolean mayAllChannels() {
        return allChannels;
    }

    /** Whether a command may be run, by its number, on whatever keys. */
    public boolean mayRun(int command) {
        return allCommands || commands.get(command) || catalogue.entry(command).open();
    }

    /** Whether a command may be run that may not be run else, because of its first argument. */
    public boolean mayRunWith(int command, String firstArgument) {
        List<String> words = firstArguments.get(command);
        return words != null && words.contains(firstArgument.toLowerCase(Locale.ROOT));
    }

    /** Whether some first argument makes a difference for a command. */
    public boolean asksFirstArgument(int command) {
        return firstArguments.containsKey(command);
    }

    /** Whether a key may be used: its first bytes. */
    public boolean mayUseKey(byte[] key, int length, boolean reads, boolean writes) {
        if (allKeys) {
            return true;
        }
        for (Key rule : keys.values()) {
            if ((rule.reads || !reads) && (rule.writes || !writes) && rule.pattern.matches(key, length)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a channel may be used. */
    public boolean mayUseChannel(byte[] channel, int length) {
        if (allChannels) {
            return true;
        }
        for (Pattern rule : channels.values()) {
            if (rule.matches(channel, length)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a pattern of channels may be subscribed to: as it stands in a rule. */
    public boolean mayUseChannelPattern(String pattern) {
        return allChannels || channels.containsKey(pattern);
    }

    // ---- rules

    /** Follows a rule. */
    void apply(String rule) throws BadRuleException {
        switch (rule.toLowerCase(Locale.ROOT)) {
            case "allkeys", "~*" -> {
                keys.clear();
                allKeys = true;
            }
            case "resetkeys" -> {
                keys.clear();
                allKeys = false;
            }
            case "allchannels", "&*" -> {
                channels.clear();
                allChannels = true;
            }
            case "resetchannels" -> {
                channels.clear();
                allChannels = false;
            }
            case "allcommands", "+@all" -> allCommands(true);
            case "nocommands", "-@all" -> allCommands(false);
            default -> applyPrefixed(rule);
        }
    }

    private void applyPrefixed(String rule) throws BadRuleException {
        switch (rule.charAt(0)) {
            case '~' -> key(rule.substring(1), true, true);
            case '%' -> keyWithAccess(rule);
            case '&' -> channel(rule.substring(1));
            case '+', '-' -> {
                boolean allow = rule.charAt(0) == '+';
                if (rule.startsWith("@", 1)) {
                    category(rule.substring(2), allow);
                } else {
                    command(rule.substring(1), allow);
                }
            }
            default -> throw new BadRuleException(BadRuleException.SYNTAX);
        }
    }

    private void allCommands(boolean allow) {
        commands.clear();
        if (allow) {
            commands.set(0, catalogue.size());
        }
        firstArguments.clear();
        allCommands = allow;
        subtractive = allow;
    }

    private void keyWithAccess(String rule) throws BadRuleException {
        boolean reads = false;
        boolean writes = false;
        int at = 1;
        for (; at < rule.length() && rule.charAt(at) != '~'; at++) {
            char access = Character.toUpperCase(rule.charAt(at));
            if (access == 'R' && !reads) {
                reads = true;
            } else if (access == 'W' && !writes) {
                writes = true;
            } else {
                throw new BadRuleException(BadRuleException.SYNTAX);
            }
        }
        if (!reads && !writes) {
            throw new BadRuleException(BadRuleException.SYNTAX);
        }
        key(at < rule.length() ? rule.substring(at + 1) : "", reads, writes);
    }

    private void key(String pattern, boolean reads, boolean writes) throws BadRuleException {
        if (allKeys) {
            throw new BadRuleException(BadRuleException.AFTER_ALL_KEYS);
        }
        check(pattern, keys.size());
        Key before = keys.get(pattern);
        keys.put(pattern, new Key(catalogue.pattern(pattern), reads || before != null && before.reads,
                writes || before != null && before.writes));
    }

    private void channel(String pattern) throws BadRuleException {
        if (allChannels) {
            throw new BadRuleException(BadRuleException.AFTER_ALL_CHANNELS);
        }
        check(pattern, channels.size());
        channels.put(pattern, catalogue.pattern(pattern));
    }

    private static void check(String pattern, int patterns) throws BadRuleException {
        if (pattern.length() > Catalogue.LONGEST_PATTERN || !Acl.isWord(pattern)) {
            throw new BadRuleException(BadRuleException.SYNTAX);
        }
        if (patterns == Rights.MOST) {
            throw new BadRuleException(BadRuleException.TOO_MANY);
        }
    }

    private void category(String name, boolean allow) throws BadRuleException {
        BitSet members = catalogue.category(name);
        if (members == null) {
            throw new BadRuleException(BadRuleException.UNKNOWN);
        }
        members.stream().forEach(command -> allow(command, allow));
    }

    private void command(String name, boolean allow) throws BadRuleException {
        int command = catalogue.number(name);
        if (command >= 0) {
            allow(command, allow);
            return;
        }
        int bar = name.lastIndexOf('|');
        int container = bar < 0 || !allow ? -1 : catalogue.number(name.substring(0, bar));
        if (container < 0) {
            throw new BadRuleException(BadRuleException.UNKNOWN);
        }
        if (catalogue.entry(container).isSubcommand()) {
            throw new BadRuleException(BadRuleException.FIRST_ARGUMENT);
        }
        if (bar == name.length() - 1) {
            throw new BadRuleException(BadRuleException.SYNTAX);
        }
        if (catalogue.subcommands(container) != null) {
            throw new BadRuleException(BadRuleException.UNKNOWN);
        }
        List<String> words = firstArguments.computeIfAbsent(container, number -> new ArrayList<>());
        String word = name.substring(bar + 1).toLowerCase(Locale.ROOT);
        if (words.size() == Rights.MOST) {
            throw new BadRuleException(BadRuleException.TOO_MANY);
        }
        if (!words.contains(word)) {
            words.add(word);
        }
    }

    /** A command and all of its subcommands. */
    private void allow(int command, boolean allow) {
        commands.set(command, allow);
        allCommands &= allow;
        firstArguments.remove(command);
        BitSet subcommands = catalogue.subcommands(command);
        if (subcommands != null) {
            subcommands.stream().forEach(subcommand -> {
                commands.set(subcommand, allow);
                firstArguments.remove(subcommand);
            });
        }
    }

    // ---- what is told of it

    /** The rules, as they would make this selector. */
    String describe() {
        StringBuilder text = new StringBuilder();
        String keyRules = keys();
        text.append(keyRules).append(keyRules.isEmpty() ? "" : " ");
        if (!allChannels) {
            text.append("resetchannels ");
        }
        String channelRules = channels();
        return text.append(channelRules).append(channelRules.isEmpty() ? "" : " ").append(commands()).toString();
    }

    /** The patterns of keys. */
    public String keys() {
        if (allKeys) {
            return "~*";
        }
        List<String> rules = new ArrayList<>();
        keys.forEach((text, key) -> rules.add((key.reads && key.writes ? "~" : key.reads ? "%R~" : "%W~") + text));
        return String.join(" ", rules);
    }

    /** The patterns of channels. */
    public String channels() {
        return allChannels ? "&*" : String.join(" ", channels.keySet().stream().map(text -> "&" + text).toList());
    }

    /**
     * The commands, in few rules: all or none of them, then the categories that come nearest to what is allowed, then what is
     * different still.
     */
    public String commands() {
        Selector made = new Selector(catalogue);
        made.allCommands(subtractive);
        List<String> rules = new ArrayList<>();
        rules.add(subtractive ? "+@all" : "-@all");
        BitSet open = new BitSet();
        open.or(commands);
        if (subtractive) {
            open.flip(0, catalogue.size());
        }
        List<String> left = new ArrayList<>(catalogue.categories());
        for (String best = best(left, open); best != null; best = best(left, open)) {
            left.remove(best);
            rules.add((subtractive ? "-@" : "+@") + best);
            members(best).stream().forEach(command -> made.allow(command, !subtractive));
            open.andNot(members(best));
        }
        for (int i = 0; i < catalogue.size(); i++) {
            if (!catalogue.entry(i).isSubcommand()) {
                differences(i, made, rules);
            }
        }
        return String.join(" ", rules);
    }

    private BitSet members(String category) {
        return java.util.Objects.requireNonNull(catalogue.category(category));
    }

    /** The category that has most of what is open, and least else. */
    private @Nullable String best(List<String> names, BitSet open) {
        String best = null;
        int fewest = Integer.MAX_VALUE;
        int most = 0;
        for (String name : names) {
            BitSet members = (BitSet) members(name).clone();
            int all = members.cardinality();
            members.and(open);
            int wanted = members.cardinality();
            int unwanted = all - wanted;
            if (wanted > unwanted && (unwanted < fewest || unwanted == fewest && wanted > most)) {
                best = name;
                fewest = unwanted;
                most = wanted;
            }
        }
        return best;
    }

    private void differences(int command, Selector made, List<String> rules) {
        difference(command, made, rules);
        BitSet subcommands = catalogue.subcommands(command);
        if (subcommands != null) {
            subcommands.stream().forEach(subcommand -> difference(subcommand, made, rules));
        }
        for (String word : firstArguments.getOrDefault(command, List.of())) {
            rules.add("+" + catalogue.entry(command).name() + "|" + word);
        }
    }

    private void difference(int command, Selector made, List<String> rules) {
        boolean allowed = commands.get(command);
        if (made.commands.get(command) != allowed) {
            rules.add((allowed ? "+" : "-") + catalogue.entry(command).name());
            made.allow(command, allowed);
        }
    }
}
