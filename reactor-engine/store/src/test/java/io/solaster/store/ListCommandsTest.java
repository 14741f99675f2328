package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands on lists do, without a redis-server to compare them with. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class ListCommandsTest extends ClientTest {
    @Test
    void aListIsPushedToAndPoppedFromAtBothEnds() {
        assertThat(client.call("RPUSH", "l", "b", "c")).isEqualTo(":2");
        assertThat(client.call("LPUSH", "l", "a", "1")).isEqualTo(":4");
        assertThat(client.call("LRANGE", "l", "0", "-1")).isEqualTo("*4|$1|1|$1|a|$1|b|$1|c");
        assertThat(client.call("TYPE", "l")).isEqualTo("+list");
        assertThat(client.call("LPOP", "l")).isEqualTo("$1|1");
        assertThat(client.call("RPOP", "l", "2")).isEqualTo("*2|$1|c|$1|b");
        assertThat(client.call("LLEN", "l")).isEqualTo(":1");
        assertThat(client.call("LPOP", "l", "9")).isEqualTo("*1|$1|a");
        assertThat(client.call("EXISTS", "l")).isEqualTo(":0");
        assertThat(client.call("LPOP", "l")).isEqualTo("$-1");
        assertThat(client.call("LPOP", "l", "1")).isEqualTo("*-1");
        assertThat(client.call("LPUSHX", "l", "a")).isEqualTo(":0");
    }

    @Test
    void elementsAreFoundAndChangedByIndex() {
        client.call("RPUSH", "l", "0", "1", "2", "1");
        assertThat(client.call("LINDEX", "l", "-2")).isEqualTo("$1|2");
        assertThat(client.call("LINDEX", "l", "4")).isEqualTo("$-1");
        assertThat(client.call("LSET", "l", "1", "one")).isEqualTo("+OK");
        assertThat(client.call("LSET", "l", "4", "x")).isEqualTo("-ERR index out of range");
        assertThat(client.call("LSET", "none", "0", "x")).isEqualTo("-ERR no such key");
        assertThat(client.call("LINSERT", "l", "before", "2", "x")).isEqualTo(":5");
        assertThat(client.call("LINSERT", "l", "AFTER", "nope", "x")).isEqualTo(":-1");
        assertThat(client.call("LRANGE", "l", "0", "-1")).isEqualTo("*5|$1|0|$3|one|$1|x|$1|2|$1|1");
        assertThat(client.call("LPOS", "l", "2")).isEqualTo(":3");
        assertThat(client.call("LPOS", "l", "2", "COUNT", "0", "RANK", "-1")).isEqualTo("*1|:3");
        assertThat(client.call("LREM", "l", "0", "x")).isEqualTo(":1");
        assertThat(client.call("LTRIM", "l", "1", "-2")).isEqualTo("+OK");
        assertThat(client.call("LRANGE", "l", "0", "-1")).isEqualTo("*2|$3|one|$1|2");
        assertThat(client.call("LTRIM", "l", "5", "9")).isEqualTo("+OK");
        assertThat(client.call("EXISTS", "l")).isEqualTo(":0");
    }

    @Test
    void otherTypesAreRefused() {
        client.call("SET", "s", "x");
        for (String[] command : List.of(new String[]{"LPUSH", "s", "a"}, new String[]{"RPOP", "s"},
                new String[]{"LRANGE", "s", "0", "1"}, new String[]{"LLEN", "s"},
                new String[]{"LREM", "s", "0", "a"})) {
            assertThat(client.call(command)).isEqualTo(WRONG_TYPE);
        }
        client.call("RPUSH", "l", "1");
        assertThat(client.call("GET", "l")).isEqualTo(WRONG_TYPE);
        assertThat(client.call("SET", "l", "x")).isEqualTo("+OK");
        assertThat(client.call("GET", "l")).isEqualTo("$1|x");
    }

    @Test
    void aLongListKeepsItsOrder() {
        List<String> model = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            List<String> words = new ArrayList<>(List.of(i % 2 == 0 ? "RPUSH" : "LPUSH", "l"));
            List<String> pushed = new ArrayList<>();
            for (int j = 0; j < 50; j++) {
                pushed.add("element:" + i + ":" + j);
            }
            words.addAll(pushed);
            if (i % 2 != 0) {
                Collections.reverse(pushed);
            }
            model.addAll(i % 2 == 0 ? model.size() : 0, pushed);
            client.call(words.toArray(String[]::new));
        }
        assertThat(client.call("LLEN", "l")).isEqualTo(":10000");
        for (int index : new int[]{0, 1, 4_999, 5_000, 9_999, 7_321}) {
            String element = model.get(index);
            assertThat(client.call("LINDEX", "l", Integer.toString(index)))
                    .isEqualTo("$" + element.length() + "|" + element);
        }
        assertThat(client.call("LTRIM", "l", "4000", "4099")).isEqualTo("+OK");
        StringBuilder expected = new StringBuilder("*100");
        for (String element : model.subList(4000, 4100)) {
            expected.append("|$").append(element.length()).append('|').append(element);
        }
        assertThat(client.call("LRANGE", "l", "0", "-1")).isEqualTo(expected.toString());
    }
}
