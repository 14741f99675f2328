package io.solaster.streams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.solaster.engine.memory.SystemMemory;
import io.solaster.streams.subscribe.name.Found;
import io.solaster.streams.subscribe.name.TokenSyntax;
import io.solaster.streams.subscribe.name.TokenTree;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Filters by tokens, beside a matcher that asks each of them. */
final class TokenTreeTest {
    /** As the standards say it, a token at a time. */
    private static boolean naive(TokenSyntax syntax, String filter, String name) {
        boolean mqtt = syntax == TokenSyntax.MQTT;
        List<String> filters = List.of(filter.split(mqtt ? "/" : "\\.", -1));
        List<String> names = List.of(name.split(mqtt ? "/" : "\\.", -1));
        String one = mqtt ? "+" : "*";
        String rest = mqtt ? "#" : ">";
        if (!mqtt && names.contains("")
                || mqtt && name.startsWith("$")
                        && (filters.getFirst().equals(one) || filters.getFirst().equals(rest))) {
            return false;
        }
        for (int i = 0; i < filters.size(); i++) {
            if (filters.get(i).equals(rest)) {
                return mqtt || names.size() > i;
            }
            if (i >= names.size() || !filters.get(i).equals(one) && !filters.get(i).equals(names.get(i))) {
                return false;
            }
        }
        return names.size() == filters.size();
    }

    @ParameterizedTest
    @CsvSource({"MQTT,a/+/c,a/b/c,true", "MQTT,a/+/c,a/b/d,false", "MQTT,a/+/c,a//c,true", "MQTT,a/#,a,true",
            "MQTT,a/#,a/b/c,true", "MQTT,a/#,ab,false", "MQTT,#,$SYS/x,false", "MQTT,+/x,$SYS/x,false",
            "MQTT,$SYS/#,$SYS/x,true", "MQTT,+,/a,false", "MQTT,/+,/a,true", "MQTT,+/+,/a,true", "MQTT,a,a,true",
            "NATS,a.*.c,a.b.c,true", "NATS,a.*,a.b.c,false", "NATS,a.>,a,false", "NATS,a.>,a.b.c,true",
            "NATS,>,$JS.x,true", "NATS,a.*,a.,false", "NATS,a*,a*,true", "NATS,a*,ab,false"})
    void takesWhatTheStandardSays(TokenSyntax syntax, String filter, String name, boolean taken) {
        assertThat(naive(syntax, filter, name)).isEqualTo(taken);
        try (TokenTree tree = new TokenTree(syntax, SystemMemory.SYSTEM, new Random(1))) {
            add(tree, syntax, 7, filter);
            assertThat(find(tree, name)).isEqualTo(taken ? List.of(7) : List.of());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"MQTT:", "MQTT:a/#/b", "MQTT:a#", "MQTT:a/b+", "MQTT:$share/g/a", "MQTT:a\0", "NATS:a..b",
            "NATS:.a", "NATS:a.", "NATS:a.>.b", "NATS:a b", "NATS:*.*.*.*.*.*.*.*.*"})
    void whatIsNoFilterIsRefusedWithTheFix(String each) {
        TokenSyntax syntax = TokenSyntax.valueOf(each.substring(0, 4));
        assertThatThrownBy(() -> Hub.named(each.substring(5), syntax::check))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("filter");
    }

    @ParameterizedTest
    @EnumSource
    void findsWhatAsEachFilterWouldSay(TokenSyntax syntax) {
        Random random = new Random(3);
        Map<Integer, String> model = new HashMap<>();
        Map<String, Integer> numbers = new HashMap<>();
        try (TokenTree tree = new TokenTree(syntax, SystemMemory.SYSTEM, random)) {
            for (int step = 0; step < 12_000; step++) {
                String text = random(random, syntax, step % 3 != 0);
                if (step % 3 == 0) {
                    List<Integer> expected = new ArrayList<>();
                    model.forEach((id, filter) -> {
                        if (naive(syntax, filter, text)) {
                            expected.add(id);
                        }
                    });
                    assertThat(find(tree, text)).as("%s among %s", text, model)
                            .containsExactlyInAnyOrderElementsOf(expected);
                    continue;
                }
                if (!isFilter(syntax, text)) {
                    continue;
                }
                Integer known = numbers.remove(text);
                if (known != null) {
                    model.remove(known);
                    Hub.named(text, (at, length) -> {
                        tree.remove(at, length);
                        return true;
                    });
                } else if (model.size() < (step % 4_000 < 2_000 ? 60 : 5)) {
                    add(tree, syntax, step, text);
                    model.put(step, text);
                    numbers.put(text, step);
                }
                assertThat(tree.size()).isEqualTo(model.size());
            }
            numbers.keySet().forEach(text -> Hub.named(text, (at, length) -> {
                tree.remove(at, length);
                return true;
            }));
            assertThat(tree.nodes() + tree.bytes() + tree.size()).as("all was given back").isZero();
        }
    }

    /** Of few tokens, so that they meet; now and then any bytes, or many tokens. */
    private static String random(Random random, TokenSyntax syntax, boolean wildcards) {
        StringBuilder text = new StringBuilder();
        int tokens = random.nextInt(50) == 0 ? 60 + random.nextInt(10) : 1 + random.nextInt(4);
        String[] words = {"a", "b", "cc", "", "$S", wildcards ? "" + one(syntax) : "a",
                wildcards ? "" + rest(syntax) : "b"};
        for (int i = 0; i < tokens; i++) {
            if (random.nextInt(200) == 0) {
                text.append((char) random.nextInt(256));
            }
            text.append(i == 0 ? "" : "" + separator(syntax))
                    .append(words[random.nextInt(tokens > 10 ? 3 : words.length)]);
        }
        return text.toString();
    }

    private static boolean isFilter(TokenSyntax syntax, String text) {
        try {
            return Hub.named(text, syntax::check) > 0;
        } catch (IllegalArgumentException none) {
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherFiltersCostNothingWhereANameIsLookedFor(TokenSyntax syntax) {
        String sign = "" + separator(syntax);
        try (TokenTree tree = new TokenTree(syntax, SystemMemory.SYSTEM, new Random(1))) {
            for (int i = 0; i < 50_000; i++) {
                add(tree, syntax, i, "n" + i + sign + one(syntax) + sign + "x");
            }
            long before = tree.visited();
            assertThat(find(tree, "n77" + sign + "y" + sign + "x")).containsExactly(77);
            assertThat(tree.visited() - before).as("nodes looked at").isEqualTo(4);
        }
    }

    private static void add(TokenTree tree, TokenSyntax syntax, int id, String filter) {
        int tokens = Hub.named(filter, syntax::check);
        int tokensAdded = Hub.named(filter, (at, length) -> tree.add(id, at, length));
        assertThat(tokensAdded).isEqualTo(tokens);
    }

    private static List<Integer> find(TokenTree tree, String name) {
        Found found = new Found();
        Hub.named(name, (at, length) -> {
            tree.find(at, length, found);
            return true;
        });
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < found.count(); i++) {
            ids.add(found.at(i));
        }
        return ids;
    }

    private static char separator(TokenSyntax syntax) {
        return syntax == TokenSyntax.MQTT ? '/' : '.';
    }

    private static char one(TokenSyntax syntax) {
        return syntax == TokenSyntax.MQTT ? '+' : '*';
    }

    private static char rest(TokenSyntax syntax) {
        return syntax == TokenSyntax.MQTT ? '#' : '>';
    }
}
