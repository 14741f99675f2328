package io.solaster.store.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What may stand behind a command's name, as {@code COMMAND DOCS} reports it.
 *
 * @param name in lower case
 * @param type Redis's word, such as {@code key}, {@code integer}, {@code oneof}
 * @param token a word that introduces it; empty for none
 * @param optional whether it may be left out
 * @param multiple whether it may be repeated
 * @param parts of a {@code oneof} or a {@code block}
 */
public record Argument(String name, String type, String token, boolean optional, boolean multiple,
        List<Argument> parts) {
    /** A group in brackets or braces, or a word; with dots behind it if it may be repeated. */
    private static final Pattern ITEM = Pattern.compile("\\s*(\\[[^]]*]|\\{[^}]*}|[^\\s\\[{]+?)(\\.\\.\\.)?(?=\\s|$)");

    /**
     * Reads a usage such as <code>key [EX seconds|KEEPTTL] {field value}...</code>: brackets for what may be left out,
     * braces for what belongs together, bars between alternatives, capitals for what is meant literally.
     */
    public static List<Argument> parse(String usage) {
        List<Argument> arguments = new ArrayList<>();
        Matcher item = ITEM.matcher(usage);
        String token = "";
        while (item.lookingAt()) {
            String word = item.group(1);
            boolean multiple = item.group(2) != null;
            if (word.charAt(0) == '[' || word.charAt(0) == '{') {
                arguments.add(group(word.substring(1, word.length() - 1), word.charAt(0) == '[', multiple));
            } else if (!word.equals(word.toLowerCase(Locale.ROOT))) {
                token = word;
            } else {
                arguments.add(new Argument(word, typeOf(word), token, false, multiple, List.of()));
                token = "";
            }
            item.region(item.end(), usage.length());
        }
        if (!token.isEmpty()) {
            arguments.add(new Argument(token.toLowerCase(Locale.ROOT), "pure-token", token, false, false, List.of()));
        }
        return List.copyOf(arguments);
    }

    private static Argument group(String inside, boolean optional, boolean multiple) {
        List<Argument> parts = new ArrayList<>();
        String[] alternatives = inside.split("\\|", -1);
        for (String alternative : alternatives) {
            parts.addAll(parse(alternative));
        }
        if (parts.size() == 1) {
            Argument only = parts.get(0);
            return new Argument(only.name, only.type, only.token, optional, multiple || only.multiple, only.parts);
        }
        String name = String.join("_", parts.stream().map(Argument::name).toList());
        return new Argument(name, alternatives.length > 1 ? "oneof" : "block", "", optional, multiple,
                List.copyOf(parts));
    }

    private static String typeOf(String name) {
        return switch (name) {
            case "key" -> "key";
            case "pattern" -> "pattern";
            case "increment", "decrement", "seconds", "milliseconds", "offset", "start", "end", "stop", "index",
                    "count",
                    "rank", "len", "num-matches", "protover",
                    "client-id", "db", "destination-db", "index1", "index2" ->
                "integer";
            default -> name.startsWith("unix-time") ? "unix-time" : "string";
        };
    }
}
