package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import io.solaster.store.command.CommandTable;
import io.solaster.store.keyspace.Mirror;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.StoreShard;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nothing that a command, code of the process or time does to a key escapes those who listen. */
final class WritesAreToldTest {
    private static final List<String> ARGUMENTS = List.of("a", "b", "c", "d", "1", "2", "0", "-1", "10", "100", "x",
            "value", "0.5", "EX", "PX", "GET", "XX", "NX", "KEEPTTL", "COUNT", "LEFT", "RIGHT", "BEFORE", "(1", "+inf",
            "[a", "-", "+", "*", "33177117420", "a longer value that is not a number and needs another block");

    private final StoreFixture fixture = StoreFixture.of(1);
    private RespClient client;
    private Mirror mirror;
    private Runnable end;

    @BeforeEach
    void listen() {
        client = fixture.connectEmpty();
        on(part -> {
            mirror = new Mirror(part.keyspace());
            end = part.keyspace().listen(mirror);
            return true;
        });
    }

    @AfterEach
    void leave() {
        fixture.resetClock();
        on(part -> {
            end.run();
            return true;
        });
        client.close();
    }

    private void on(Function<StoreShard, Boolean> task) {
        assertThat(StoreFixture.parts(fixture.store()).sharded().on(0, task::apply).join()).isTrue();
    }

    private void check() {
        on(part -> {
            mirror.check();
            return true;
        });
    }

    @Test
    void ofEveryCommand() {
        List<Command> commands = CommandTable.all().stream().filter(WritesAreToldTest::isOfKeys).toList();
        Property.check(1, 1, draw -> draw.repeat(300, _ -> {
            List<String> done = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                String[] words = command(draw, commands.get(draw.nextInt(commands.size())));
                done.add(String.join(" ", words));
                client.call(words);
            }
            try {
                check();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("after " + done, e);
            }
        }));
    }

    /** Those that wait are left out: nobody would wake them. */
    private static boolean isOfKeys(Command command) {
        return command.route() == Command.Route.KEYS && command.subcommands().isEmpty()
                && !command.name().matches("b[lrz].*|x.*|wait.*");
    }

    private static String[] command(Draw draw, Command command) {
        int most = command.arity() < 0 ? -command.arity() + 3 : command.arity();
        int least = Math.abs(command.arity());
        String[] words = new String[least + draw.nextInt(most - least + 1)];
        words[0] = command.name();
        for (int i = 1; i < words.length; i++) {
            words[i] = i == 1 ? ARGUMENTS.get(draw.nextInt(4)) : ARGUMENTS.get(draw.nextInt(ARGUMENTS.size()));
        }
        return words;
    }

    @Test
    void ofCodeOfTheProcess() {
        Strings strings = fixture.store().strings();
        byte[] value = "value".getBytes(StandardCharsets.UTF_8);
        strings.set("a", value).join();
        strings.set("b", value, Duration.ofMinutes(1)).join();
        strings.set("c", value).join();
        check();
        strings.remove("c").join();
        strings.remove("none").join();
        check();
        fixture.advance(Duration.ofMinutes(2));
        assertThat(strings.get("b").join()).isNull();
        check();
        assertThat(strings.get("a").join()).isEqualTo(value);
    }

    @Test
    void ofTime() {
        for (int i = 0; i < 500; i++) {
            client.call("SET", "key" + i, "value", "PX", Integer.toString(100_000 + i));
        }
        check();
        fixture.advance(Duration.ofMinutes(2));
        StoreFixture.await("all are expired", () -> fixture.store().size() == 0);
        check();
    }

    @Test
    void ofTheTimeOfFields() {
        for (String key : List.of("gone", "left")) {
            for (int i = 0; i < 200; i++) {
                client.call("HSET", key, "field" + i, "value");
                client.call("HPEXPIRE", key, Integer.toString(100_000 + i), "FIELDS", "1", "field" + i);
            }
        }
        client.call("HSET", "left", "field", "value");
        check();
        fixture.advance(Duration.ofMinutes(2));
        assertThat(client.call("HGETALL", "left")).isEqualTo("*2|$5|field|$5|value");
        check();
        StoreFixture.await("all are expired", () -> fixture.store().size() == 1);
        check();
    }

    @Test
    void ofANumberThatIsKept() {
        client.call("PFADD", "a", "1", "2");
        check();
        assertThat(client.call("PFCOUNT", "a")).isEqualTo(":2");
        check();
        assertThat(client.call("PFCOUNT", "a")).isEqualTo(":2");
        check();
    }

    @Test
    void ofElementsBeforeOneThatFails() {
        client.call("PFADD", "a");
        // The run of zeros now ends after half of the registers: that of the first element is there, the other's is not.
        client.call("SETBIT", "a", "130", "0");
        String before = client.call("GET", "a");
        assertThat(client.call("PFADD", "a", "d", "a")).startsWith("-INVALIDOBJ");
        assertThat(client.call("GET", "a")).isNotEqualTo(before);
        check();
    }

    @Test
    void ofFlush() {
        client.call("MSET", "a", "1", "b", "2");
        client.call("FLUSHALL");
        check();
        client.call("SET", "a", "1");
        check();
    }
}
