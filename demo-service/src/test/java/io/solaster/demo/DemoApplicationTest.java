package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import com.jayway.jsonpath.JsonPath;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.ProtocolVersion;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.core.env.Environment;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;

/** The application as it is, on ports of its own: real clients on one side, Actuator on the other. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0",
        "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class DemoApplicationTest {

    @Autowired
    ServerLifecycle servers;
    @Autowired
    Environment environment;

    @Test
    void serves_lettuce_by_resp3() {
        try (RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", port()))) {
            client.setOptions(ClientOptions.builder().protocolVersion(ProtocolVersion.RESP3).build());
            try (StatefulRedisConnection<String, String> connection = client.connect()) {
                assertThat(connection.sync().set("lettuce", "leaf")).isEqualTo("OK");
                assertThat(connection.sync().get("lettuce")).isEqualTo("leaf");
                assertThat(connection.sync().get("absent")).isNull();
            }
        }
    }

    @Test
    void serves_jedis_by_resp2_and_in_pipelines() {
        try (Jedis jedis = new Jedis("127.0.0.1", port())) {
            assertThat(jedis.set("jedis", "knight")).isEqualTo("OK");
            assertThat(jedis.get("jedis")).isEqualTo("knight");
            Pipeline pipeline = jedis.pipelined();
            List<Response<String>> answers = IntStream.range(0, 500).mapToObj(i -> {
                pipeline.set("key:" + i, "value:" + i);
                return pipeline.get("key:" + i);
            }).toList();
            pipeline.sync();
            assertThat(answers).extracting(Response::get)
                    .containsExactlyElementsOf(IntStream.range(0, 500).mapToObj(i -> "value:" + i).toList());
        }
    }

    @Test
    void counts_visits_on_the_shard_that_owns_the_name() throws Exception {
        Set<Integer> shards = new HashSet<>();
        for (int visit = 1; visit <= 2; visit++) {
            for (int guest = 0; guest < 16; guest++) {
                String answer = get("server", "/visits/guest-" + guest);
                assertThat(JsonPath.<Integer>read(answer, "$.visits")).isEqualTo(visit);
                shards.add(JsonPath.<Integer>read(answer, "$.shard"));
            }
        }
        assertThat(shards).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void tells_its_health() throws Exception {
        String health = actuator("health");
        assertThat(JsonPath.<String>read(health, "$.status")).isEqualTo("UP");
        assertThat(JsonPath.<String>read(health, "$.components.solaster.status")).isEqualTo("UP");
        assertThat(JsonPath.<Integer>read(health, "$.components.solaster.details.shards")).isEqualTo(2);
        assertThat(JsonPath.<Integer>read(health, "$.components.solaster.details.servers.kv.port")).isEqualTo(port());
        assertThat(JsonPath.<String>read(health, "$.components.solaster.details.transportReason")).isNotBlank();
    }

    @Test
    void shows_its_meters_to_prometheus() throws Exception {
        try (Jedis jedis = new Jedis("127.0.0.1", port())) {
            jedis.set("metered", "yes");
        }
        assertThat(actuator("prometheus")).containsPattern("solaster_shards\\{engine=\"solaster[-0-9]*\"} 2.0")
                .containsPattern("solaster_shard_turns_total\\{engine=\"[^\"]+\",shard=\"1\"} [1-9]")
                .containsPattern("solaster_shard_cpu_seconds_total\\{engine=\"[^\"]+\",shard=\"0\"} ")
                .containsPattern("solaster_shard_parks_total\\{").containsPattern("solaster_shard_connections\\{")
                .containsPattern("solaster_shard_messages_sent_total\\{")
                .containsPattern("solaster_shard_messages_received_total\\{")
                .containsPattern("solaster_server_connections\\{engine=\"[^\"]+\",server=\"kv\"} ")
                .containsPattern("solaster_server_accepted_total\\{engine=\"[^\"]+\",server=\"kv\"} [1-9]")
                .containsPattern("solaster_server_refused_total\\{")
                .containsPattern("solaster_server_accept_pauses_total\\{")
                .containsPattern("solaster_store_commands_total\\{engine=\"[^\"]+\"} [1-9]")
                .containsPattern("solaster_store_hits_total\\{").containsPattern("solaster_store_misses_total\\{")
                .containsPattern("solaster_store_protocol_errors_total\\{")
                .containsPattern("solaster_store_output_overflows_total\\{")
                .containsPattern("solaster_store_idle_timeouts_total\\{")
                .containsPattern("solaster_keyspace_keys\\{engine=\"[^\"]+\"} [1-9]")
                .containsPattern("solaster_keyspace_memory_bytes\\{engine=\"[^\"]+\"} [1-9]");
    }

    @Test
    void reports_its_configuration_and_hides_values() throws Exception {
        String report = actuator("configprops");
        assertThat(JsonPath.<List<String>>read(report, "$.contexts.*.beans.solasterConfig.prefix"))
                .containsExactly("solaster");
        assertThat(JsonPath.<List<String>>read(report,
                "$.contexts.*.beans.solasterConfig.properties.servers.kv.host")).containsExactly("******");
    }

    private int port() {
        return servers.server("kv").orElseThrow().port();
    }

    private String actuator(String endpoint) throws Exception {
        return get("management", "/actuator/" + endpoint);
    }

    private String get(String server, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + environment.getRequiredProperty("local." + server + ".port") + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(HttpRequest.newBuilder(uri).build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            return answer.body();
        }
    }
}
