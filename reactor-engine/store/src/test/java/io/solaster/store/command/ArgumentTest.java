package io.solaster.store.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.solaster.store.shard.Argument;
import org.junit.jupiter.api.Test;

class ArgumentTest {

    private static String show(List<Argument> arguments) {
        return String.join(", ", arguments.stream().map(a -> (a.token().isEmpty() ? "" : a.token() + "=") + a.name()
                + ":" + a.type() + (a.optional() ? "?" : "") + (a.multiple() ? "+" : "")
                + (a.parts().isEmpty() ? "" : "(" + show(a.parts()) + ")")).toList());
    }

    @Test
    void usagesBecomeArguments() {
        assertThat(show(Argument.parse(""))).isEmpty();
        assertThat(show(Argument.parse("key..."))).isEqualTo("key:key+");
        assertThat(show(Argument.parse("{key value}..."))).isEqualTo("key_value:block+(key:key, value:string)");
        assertThat(show(Argument.parse("key value [NX|XX] [GET] [EX seconds|KEEPTTL]"))).isEqualTo(
                "key:key, value:string, nx_xx:oneof?(NX=nx:pure-token, XX=xx:pure-token), GET=get:pure-token?,"
                        + " seconds_keepttl:oneof?(EX=seconds:integer, KEEPTTL=keepttl:pure-token)");
        assertThat(show(Argument.parse("[protover] [AUTH username password] [ID client-id...]"))).isEqualTo(
                "protover:integer?, username_password:block?(AUTH=username:string, password:string),"
                        + " ID=client-id:integer?+");
    }
}
