package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.solaster.testkit.peer.RedisServer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;

/**
 * A redis-server that is sent what a store of ours is sent: their replies are to be the same to the byte. It runs while a
 * class of tests does; without one, or with one of another version, the class is skipped.
 */
final class RedisComparison implements BeforeAllCallback, AfterAllCallback {
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    private static final Pattern BYTE = Pattern.compile("\\\\x([0-9a-f]{2})");

    private RedisServer redis;

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        redis = RedisServer.start();
        String version = version(redis);
        if (!version.startsWith("7.0.")) {
            redis.close();
            Assumptions.abort("redis-server is " + version + ", not 7.0: not compared");
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (redis != null) {
            redis.close();
        }
    }

    /** What a comparison is made over. */
    static Stream<Arguments> shardsAndProtocols() {
        return Stream.of(Arguments.of(1, "2"), Arguments.of(1, "3"), Arguments.of(2, "2"), Arguments.of(2, "3"));
    }

    static String version(RedisServer redis) {
        try (RespClient client = new RespClient(redis.port())) {
            return client.call("INFO", "server").replaceAll("(?s).*redis_version:([0-9.]+).*", "$1");
        }
    }

    RespClient connect() {
        return new RespClient(redis.port());
    }

    /** One command at a time where that shows more, else all in one pipeline. */
    void compare(int shards, String protocol, List<String[]> commands, boolean single) {
        compare(shards, protocol, commands, single, (_, reply) -> reply);
    }

    /** @param form what is compared of the reply to a command, for what has no order */
    void compare(int shards, String protocol, List<String[]> commands, boolean single,
            BiFunction<String[], String, String> form) {
        try (RespClient theirs = connect(); RespClient ours = StoreFixture.of(shards).connect()) {
            for (RespClient client : List.of(theirs, ours)) {
                client.call("FLUSHALL");
                client.call("HELLO", protocol);
            }
            if (single) {
                List<String> others = new ArrayList<>();
                for (String[] command : commands) {
                    String other = other(command, ours.send(command).replyBytes(), theirs.send(command).replyBytes(),
                            form);
                    if (other != null) {
                        others.add(other);
                    }
                }
                assertThat(others).isEmpty();
                return;
            }
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            commands.forEach(command -> all.writeBytes(RespClient.encode(command)));
            ours.send(all.toByteArray());
            theirs.send(all.toByteArray());
            for (int i = 0; i < commands.size(); i++) {
                String other = other(commands.get(i), ours.replyBytes(), theirs.replyBytes(), form);
                if (other != null) {
                    throw new AssertionError("number " + i + " of " + commands.size() + ", after "
                            + show(commands.subList(Math.max(0, i - 12), i)) + ":\n" + other);
                }
            }
        }
    }

    /** What of our reply is another than theirs; null where nothing is. */
    private static String other(String[] command, byte[] ours, byte[] theirs,
            BiFunction<String[], String, String> form) {
        // Most are equal, and there are many.
        if (Arrays.equals(ours, theirs)) {
            return null;
        }
        String reply = form.apply(command, normal(ours));
        String redisReply = form.apply(command, normal(theirs));
        return reply.equals(redisReply) || near(command, reply, redisReply)
                ? null
                : Arrays.toString(command) + "\n ours:  " + reply + "\n Redis: " + redisReply;
    }

    /** Time passes between our reply and theirs; on a busy machine seconds do. */
    private static boolean near(String[] command, String ours, String theirs) {
        if (!command[0].equalsIgnoreCase("TTL") && !command[0].equalsIgnoreCase("PTTL")) {
            return false;
        }
        long most = command[0].equalsIgnoreCase("TTL") ? 10 : 10_000;
        return ours.matches(":\\d+") && theirs.matches(":\\d+")
                && Math.abs(Long.parseLong(ours.substring(1)) - Long.parseLong(theirs.substring(1))) <= most;
    }

    /** We leave out a remark on the keys of some commands. */
    private static String normal(byte[] reply) {
        String shown = RespClient.show(reply);
        return shown.replaceAll("([*%])[48]\\|\\$5\\|notes\\|\\$\\d+\\|[^|]*\\|\\$5\\|flags",
                shown.contains("~") ? "%3|\\$5|flags" : "*6|\\$5|flags");
    }

    private static String show(List<String[]> commands) {
        return String.join("; ", commands.stream().map(command -> String.join(" ", command)).toList());
    }

    /** Commands between semicolons; "..." keeps blanks together, \x00 is a byte. */
    static List<String[]> commands(String line) {
        List<String[]> commands = new ArrayList<>();
        for (String command : line.split(";", -1)) {
            List<String> words = new ArrayList<>();
            Matcher matcher = WORD.matcher(command);
            while (matcher.find()) {
                words.add(matcher.group(1) == null ? matcher.group(2) : unescaped(matcher.group(1)));
            }
            commands.add(words.toArray(String[]::new));
        }
        return commands;
    }

    private static String unescaped(String word) {
        return BYTE.matcher(word).replaceAll(hex -> Matcher
                .quoteReplacement(Character.toString(Integer.parseInt(hex.group(1), 16))))
                .replace("\\r", "\r").replace("\\n", "\n");
    }
}
