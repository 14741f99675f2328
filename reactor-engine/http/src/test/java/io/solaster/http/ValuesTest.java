package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.UUID;
import java.util.concurrent.TimeUnit;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ValuesTest {

    private enum Colour {
        LIGHT_BLUE, RED
    }

    @Test
    void readsWhatIsWellFormed() {
        assertThat(Values.toInt("", "", "-7")).isEqualTo(-7);
        assertThat(Values.toLong("", "", "9000000000")).isEqualTo(9_000_000_000L);
        UUID id = UUID.randomUUID();
        assertThat(Values.toUuid("", "", id.toString())).isEqualTo(id);
        assertThat(Values.toEnum("", "", "light-blue", Colour.class)).isEqualTo(Colour.LIGHT_BLUE);
        assertThat(Values.toEnum("", "", "Light_Blue", Colour.class)).isEqualTo(Colour.LIGHT_BLUE);
        assertThat(Values.toEnum("", "", "SECONDS", TimeUnit.class)).isEqualTo(TimeUnit.SECONDS);
    }

    @Test
    void namesParameterAndValueOfWhatIsNot() {
        refused(() -> Values.toInt(Values.QUERY, "page", "x"),
                "query parameter 'page': 'x' is not a whole number from -2147483648 to 2147483647");
        refused(() -> Values.toLong(Values.PATH, "id", ""), "path parameter 'id': '' is not a whole number of 64 bits");
        refused(() -> Values.toUuid(Values.PATH, "id", "1-1-1-1-1"), "path parameter 'id': '1-1-1-1-1' is not a UUID");
        refused(() -> Values.toEnum(Values.FIELD, "colour", "green", Colour.class),
                "field 'colour': 'green' is not one of light-blue, red");
        refused(() -> Values.required(Values.QUERY, "page", null), "query parameter 'page' is missing");
        refused(() -> Values.toInt(Values.QUERY, "page", "9".repeat(5_000)), "query parameter 'page': '"
                + "9".repeat(100) + "…' is not a whole number from -2147483648 to 2147483647");
    }

    @Test
    void readsForms() {
        Form form = Form.parse("a=1&b=x+y%26z&a=2&empty=&flag&&=nameless&%C3%BC=%E2%82%AC");
        assertThat(form.names()).containsExactly("a", "b", "empty", "flag", "", "ü");
        assertThat(form.all("a")).containsExactly("1", "2");
        assertThat(form.getInt("a")).isEqualTo(1);
        assertThat(form.get("b")).isEqualTo("x y&z");
        assertThat(form.get("empty")).isEmpty();
        assertThat(form.get("flag")).isEmpty();
        assertThat(form.get("ü")).isEqualTo("€");
        assertThat(form.get("none")).isNull();
        refused(() -> form.required("none"), "field 'none' is missing");
        refused(() -> Form.parse("a=%4"), "'%4' is not a percent-escape");
        refused(() -> Form.parse("a=%ff"), "'%ff' is not UTF-8, percent-encoded");
        refused(() -> Form.parse("a&".repeat(1_001)), "a form of more than 1000 fields");
        assertThat(Form.parse("").names()).isEmpty();
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatExceptionOfType(HttpException.class).isThrownBy(call).withMessage(message)
                .matches(refusal -> refusal.status().code() == 400);
    }
}
