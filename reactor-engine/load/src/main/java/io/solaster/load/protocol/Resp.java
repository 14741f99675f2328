package io.solaster.load.protocol;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.resp.RequestWriter;
import org.jspecify.annotations.Nullable;

/**
 * Commands of Redis: a mix by weight, on keys {@code key:000000000000} and up, as redis-benchmark names them.
 *
 * @param mix weights by command: those of {@link Command}
 * @param keys which key a command is for
 * @param valueBytes bytes of a value that is written
 * @param depth how many commands may be under way on a connection
 * @param username for AUTH; null without one
 * @param password for AUTH; null for none
 * @param database for SELECT
 * @param missesFail whether an answer of nothing counts as an error, named "miss"
 */
public record Resp(Map<Command, Integer> mix, Keys keys, int valueBytes, int depth, @Nullable String username,
        @Nullable String password, int database, boolean missesFail) implements Protocol {

    /** What can be mixed. */
    public enum Command {
        GET("GET key"), SET("SET key value"), INCR("INCR count"), DEL("DEL key"), EXISTS("EXISTS key"), EXPIRE(
                "EXPIRE key 60"), HSET("HSET hash member value"), HGET("HGET hash member"), LPUSH(
                        "LPUSH list value"), RPOP("RPOP list"), SADD("SADD set member"), ZADD(
                                "ZADD sorted 1 member"), MGET("MGET key key key key key"), PING("PING");

        private final String form;

        Command(String form) {
            this.form = form;
        }

        List<String> words() {
            return List.of(form.split(" ", -1));
        }
    }

    /** Half GET, half SET of 64 bytes, on 100,000 keys alike, 64 at a time on a connection. */
    public static final Resp DEFAULTS = new Resp(Map.of(Command.GET, 1, Command.SET, 1), Keys.uniform(100_000), 64, 64,
            null, null, 0, false);

    public Resp {
        Map<Command, Integer> copy = new LinkedHashMap<>();
        for (Command each : Command.values()) {
            int weight = mix.getOrDefault(each, 0);
            if (weight < 0 || weight > 1_000_000) {
                throw new IllegalArgumentException("a weight of " + weight + " for " + each + "; give 0 to 1,000,000");
            }
            if (weight > 0) {
                copy.put(each, weight);
            }
        }
        if (copy.isEmpty()) {
            throw new IllegalArgumentException("a mix of nothing; give weights such as get=90,set=10");
        }
        mix = copy;
        if (valueBytes < 0 || valueBytes > 16 << 20) {
            throw new IllegalArgumentException("values of " + valueBytes + " bytes; give 0 to 16777216");
        }
        depth = Depths.checked(depth);
        if (database < 0) {
            throw new IllegalArgumentException("database " + database + "; give 0 or more");
        }
    }

    /** This with another mix. */
    public Resp withMix(Map<Command, Integer> newMix) {
        return new Resp(newMix, keys, valueBytes, depth, username, password, database, missesFail);
    }

    /** This on other keys. */
    public Resp withKeys(Keys newKeys) {
        return new Resp(mix, newKeys, valueBytes, depth, username, password, database, missesFail);
    }

    /** This with values of another length in bytes. */
    public Resp withValueBytes(int newBytes) {
        return new Resp(mix, keys, newBytes, depth, username, password, database, missesFail);
    }

    /** This with another number of commands under way on a connection. */
    public Resp withDepth(int newDepth) {
        return new Resp(mix, keys, valueBytes, newDepth, username, password, database, missesFail);
    }

    /** This as a user, on a database. */
    public Resp withLogin(@Nullable String newUsername, @Nullable String newPassword, int newDatabase) {
        return new Resp(mix, keys, valueBytes, depth, newUsername, newPassword, newDatabase, missesFail);
    }

    /** This, where each key is expected to be there: what finds nothing costs a server less. */
    public Resp withMissesFailing() {
        return new Resp(mix, keys, valueBytes, depth, username, password, database, true);
    }

    @Override
    public String name() {
        return "RESP";
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        mix.forEach((command, weight) -> text.append(text.isEmpty() ? "" : ",")
                .append(command.name().toLowerCase(Locale.ROOT)).append('=').append(weight));
        return text.append(" on ").append(keys.describe()).append(", values of ").append(valueBytes).append(" bytes")
                .toString();
    }

    @Override
    public Conversation open(long seed, List<byte[]> recorded) {
        return new RespConversation(this, seed, recorded);
    }

    @Override
    public byte[] recorded(String request) {
        String[] words = request.strip().split("\\s+");
        return encoded(List.of(words));
    }

    static byte[] encoded(List<String> words) {
        ByteBuf out = Unpooled.buffer();
        RequestWriter.request(out, words.toArray(String[]::new));
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        out.release();
        return bytes;
    }

    /** What begins a connection; every one of them is answered. */
    List<byte[]> greetings() {
        List<byte[]> greetings = new ArrayList<>();
        if (password != null) {
            greetings.add(encoded(username == null ? List.of("AUTH", password) : List.of("AUTH", username, password)));
        }
        if (database != 0) {
            greetings.add(encoded(List.of("SELECT", Integer.toString(database))));
        }
        return greetings;
    }
}
