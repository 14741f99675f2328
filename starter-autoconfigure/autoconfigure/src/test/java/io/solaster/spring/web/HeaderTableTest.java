package io.solaster.spring.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;
import org.springframework.util.CollectionUtils;
import org.springframework.util.LinkedCaseInsensitiveMap;
import org.springframework.util.MultiValueMap;

/** Headers in one array are to Spring what headers in its own map are. */
final class HeaderTableTest {
    private static final List<String> NAMES = List.of("Accept", "accept", "Host", "X-A", "x-a", "X-B", "Cookie");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void it_does_what_a_case_insensitive_map_does(long seed) {
        Random random = new Random(seed);
        MultiValueMap<String, String> expected = CollectionUtils
                .toMultiValueMap(new LinkedCaseInsensitiveMap<>(8, Locale.ROOT));
        HeaderTable table = new HeaderTable();
        for (int i = 0; i < 2_000; i++) {
            String name = NAMES.get(random.nextInt(NAMES.size()));
            String value = "v" + i;
            switch (random.nextInt(8)) {
                case 0, 1 -> {
                    expected.add(name, value);
                    table.add(name, value);
                }
                case 2 -> {
                    expected.set(name, value);
                    table.set(name, value);
                }
                case 3 -> assertThat(table.remove(name)).isEqualTo(expected.remove(name));
                case 4 -> {
                    List<String> values = List.of(value, value + "b");
                    assertThat(table.put(name, values)).isEqualTo(expected.put(name, new ArrayList<>(values)));
                }
                case 5 -> {
                    expected.addAll(name, List.of(value, value));
                    table.addAll(name, List.of(value, value));
                }
                case 6 -> {
                    if (random.nextInt(20) == 0) {
                        expected.clear();
                        table.clear();
                    }
                }
                default -> {
                    // Only looked at.
                }
            }
            assertThat(table.getFirst(name)).isEqualTo(expected.getFirst(name));
            assertThat(table.get(name)).isEqualTo(expected.get(name));
            assertThat(table.containsKey(name)).isEqualTo(expected.containsKey(name));
            assertThat(table.size()).isEqualTo(expected.size());
            assertThat(table.isEmpty()).isEqualTo(expected.isEmpty());
            assertThat(lower(table)).isEqualTo(lower(expected));
            assertThat(table.toSingleValueMap()).hasSameSizeAs(expected.toSingleValueMap());
        }
    }

    private static Map<String, List<String>> lower(Map<String, List<String>> headers) {
        Map<String, List<String>> lower = new java.util.TreeMap<>();
        headers.forEach((name, values) -> lower.put(name.toLowerCase(Locale.ROOT), values));
        return lower;
    }

    @Test
    void what_is_gone_over_can_be_changed_on_the_way() {
        HeaderTable table = new HeaderTable();
        for (String name : List.of("a", "b", "A", "c", "b")) {
            table.add(name, name + table.size());
        }
        for (Iterator<Map.Entry<String, List<String>>> entries = table.entrySet().iterator(); entries.hasNext();) {
            Map.Entry<String, List<String>> entry = entries.next();
            if (entry.getKey().equals("b")) {
                entries.remove();
            } else {
                entry.setValue(List.of("1", "2"));
            }
        }
        List<String> left = new ArrayList<>();
        table.forEachHeader((name, value) -> left.add(name + "=" + value));
        assertThat(left).containsExactly("a=1", "a=2", "c=1", "c=2");
    }

    @Test
    void springs_headers_stand_on_it() {
        HttpHeaders headers = new HttpHeaders(new HeaderTable());
        headers.setContentLength(5);
        headers.add("Vary", "Origin");
        headers.add("vary", "Accept");
        headers.setContentLength(6);
        assertThat(headers.getVary()).containsExactly("Origin", "Accept");
        assertThat(headers.getContentLength()).isEqualTo(6);
        headers.clearContentHeaders();
        assertThat(headers.containsHeader("content-length")).isFalse();
        assertThat(headers.headerNames()).containsExactly("Vary");
        assertThat(HttpHeaders.copyOf(headers).headerSet()).hasSize(1);
    }
}
