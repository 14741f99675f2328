package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

/** What the charts' schemas say of other things, these say, too: {@code -Dgenerate} writes them anew. */
class SchemaCopiesTest {
    /** The keys of a ShardedService that the chart passes on as they are. */
    private static final List<String> PASSED = List.of("shards", "placement", "autoscaling", "rollout");

    @Test
    void theServicesConfigurationIsThatOfTheConfigurationsSchema() throws IOException {
        ObjectNode definition = Schemas.definition("shardedservices.solaster.io");
        ObjectNode solaster = (ObjectNode) Schemas.read(Path.of("../config-schema/solaster.schema.json"))
                .get("properties").get("solaster");
        Schemas.copy(Chart.SERVICE, schema -> {
            ObjectNode properties = (ObjectNode) schema.get("properties");
            properties.set("solaster", solaster);
            ObjectNode operator = (ObjectNode) properties.at("/operator/properties");
            PASSED.forEach(key -> operator.set(key, definition.at("/properties/spec/properties/" + key)));
            // These stand elsewhere in the values.
            ((ObjectNode) operator.at("/placement/properties")).remove(List.of("nodeSelector", "tolerations"));
            ((ObjectNode) operator.at("/rollout/properties")).remove("hotReload");
            return schema;
        });
    }

    @Test
    void workloadsModesAndRetentionsAreThoseOfTheDefinition() throws IOException {
        ObjectNode definition = Schemas.definition("shardedservices.solaster.io");
        ObjectNode properties = (ObjectNode) Schemas.read(Chart.SERVICE.file("values.schema.json")).get("properties");
        assertThat(properties.at("/workload/enum"))
                .containsExactlyInAnyOrderElementsOf(definition.at("/properties/spec/properties/workload/enum"));
        assertThat(properties.at("/operator/properties/mode/enum"))
                .containsExactlyInAnyOrderElementsOf(definition.at("/properties/spec/properties/mode/enum"));
        assertThat(properties.at("/operator/properties/drift/enum"))
                .containsExactlyInAnyOrderElementsOf(definition.at("/properties/spec/properties/drift/enum"));
        assertThat(properties.at("/volumeRetention/enum"))
                .containsExactlyInAnyOrderElementsOf(definition.at("/properties/spec/properties/volumeRetention/enum"));
    }
}
