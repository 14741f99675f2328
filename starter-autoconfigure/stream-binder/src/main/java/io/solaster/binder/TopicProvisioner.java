package io.solaster.binder;

import org.springframework.cloud.stream.binder.ConsumerProperties;
import org.springframework.cloud.stream.binder.ProducerProperties;
import org.springframework.cloud.stream.provisioning.ConsumerDestination;
import org.springframework.cloud.stream.provisioning.ProducerDestination;
import org.springframework.cloud.stream.provisioning.ProvisioningProvider;

/** Finds the topics of bindings, or has them made. Any thread that may wait. */
final class TopicProvisioner implements ProvisioningProvider<ConsumerProperties, ProducerProperties> {
    private final Destinations destinations;

    TopicProvisioner(Destinations destinations) {
        this.destinations = destinations;
    }

    @Override
    public ProducerDestination provisionProducerDestination(String name, ProducerProperties properties) {
        return destinations.get(name);
    }

    @Override
    public ConsumerDestination provisionConsumerDestination(String name, String group, ConsumerProperties properties) {
        return destinations.get(name);
    }
}
