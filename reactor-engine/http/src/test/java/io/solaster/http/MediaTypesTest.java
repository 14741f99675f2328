package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.Test;

class MediaTypesTest {

    @Test
    void knowsJsonByItsNames() {
        for (String json : List.of("application/json", "Application/JSON; charset=UTF-8", "application/problem+json",
                "application/json;charset=\"utf-8\"")) {
            assertThat(MediaTypes.isJson(json)).as(json).isTrue();
        }
        for (String none : List.of("", "text/json", "application/jsonp", "application/json; charset=utf-16",
                "text/x+json",
                "application/xml")) {
            assertThat(MediaTypes.isJson(none)).as(none).isFalse();
        }
        assertThat(MediaTypes.isJson(null)).isFalse();
    }

    @Test
    void letsTheMostSpecificRangeDecide() {
        for (String yes : List.of("application/json", "*/*", "application/*", "text/html, */*;q=0.1", "", "*/*;q=0.001",
                "*/*;q=0, application/json", "application/*;q=0,application/json;q=0.5", "APPLICATION/JSON; a=b")) {
            assertThat(MediaTypes.accepts(yes, "application/json")).as(yes).isTrue();
        }
        for (String no : List.of("text/html", "application/json;q=0, */*", "application/*;q=0.0, */*", "*/*;q=0.000",
                "nonsense")) {
            assertThat(MediaTypes.accepts(no, "application/json")).as(no).isFalse();
        }
        assertThat(MediaTypes.accepts(null, "application/json")).isTrue();
    }

    @Test
    void takesACodingThatIsNamedOrAll() {
        assertThat(MediaTypes.acceptsCoding("gzip, deflate, br", "br")).isTrue();
        assertThat(MediaTypes.acceptsCoding("*", "br")).isTrue();
        assertThat(MediaTypes.acceptsCoding("*, br;q=0", "br")).isFalse();
        assertThat(MediaTypes.acceptsCoding("br;q=0,*", "br")).isFalse();
        assertThat(MediaTypes.acceptsCoding("gzip", "br")).isFalse();
        assertThat(MediaTypes.acceptsCoding("*;q=0", "br")).isFalse();
    }
}
