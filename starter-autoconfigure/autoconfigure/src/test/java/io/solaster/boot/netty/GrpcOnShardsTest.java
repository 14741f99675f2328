package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.grpc.client.autoconfigure.GrpcClientAutoConfiguration;
import org.springframework.boot.grpc.server.autoconfigure.GrpcServerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.grpc.client.GrpcChannelFactory;
import org.springframework.grpc.server.ServerBuilderCustomizer;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/** Spring's gRPC server and channels, with a service that says where it ran. */
final class GrpcOnShardsTest {
    private static final MethodDescriptor<String, String> WHERE = MethodDescriptor.<String, String>newBuilder(
            new Text(), new Text()).setType(MethodType.UNARY).setFullMethodName("Places/where").build();

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterGrpcAutoConfiguration.class, SslAutoConfiguration.class,
                    GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class))
            .withUserConfiguration(App.class).withPropertyValues("solaster.engine.shards=2",
                    "solaster.engine.pinning=never", "spring.grpc.server.port=0",
                    "spring.grpc.server.address=127.0.0.1");

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void server_and_channels_run_on_shards(Transport transport) {
        Set<String> before = SeenThreads.ofLibraries();
        over(transport).run(context -> {
            assertThat(context).hasNotFailed();
            Engine engine = context.getBean(Engine.class);
            ManagedChannel channel = channel(context);
            for (Shard shard : engine.shards()) {
                String[] answer = await(engine.submitTo(shard.id(), () -> call(channel, CallOptions.DEFAULT)))
                        .get(60, TimeUnit.SECONDS);
                assertThat(answer[0]).as("the service").startsWith("shard ").endsWith("true");
                assertThat(answer[1]).as("the answer").isEqualTo(engine.name() + "-shard-" + shard.id());
            }
            // Right where the transport has it.
            assertThat(call(channel, CallOptions.DEFAULT.withExecutor(Runnable::run)).get(60, TimeUnit.SECONDS)[1])
                    .isIn((Object[]) SeenThreads.shardsOf(engine));
            assertThat(context.getBean(SeenThreads.class).names()).as("the server's transport").isNotEmpty()
                    .isSubsetOf(SeenThreads.shardsOf(engine));
            Set<String> started = SeenThreads.ofLibraries();
            started.removeAll(before);
            assertThat(started).noneMatch(name -> name.contains("worker") || name.contains("boss"));
        });
    }

    @Test
    void services_that_never_block_run_right_on_the_shard() {
        over(Transport.NIO).withPropertyValues("solaster.libraries.grpc-handlers=shard").run(
                context -> assertThat(call(channel(context), CallOptions.DEFAULT).get(60, TimeUnit.SECONDS)[0])
                        .startsWith("shard ").endsWith("false"));
    }

    @Test
    void services_that_compute_for_long_run_off_the_shards() {
        over(Transport.NIO).withPropertyValues("solaster.libraries.grpc-handlers=pool").run(
                context -> assertThat(call(channel(context), CallOptions.DEFAULT).get(60, TimeUnit.SECONDS)[0])
                        .isEqualTo("none false"));
    }

    @Test
    void the_applications_customizers_have_the_last_word() {
        over(Transport.NIO).withUserConfiguration(OwnExecutor.class).run(
                context -> assertThat(call(channel(context), CallOptions.DEFAULT).get(60, TimeUnit.SECONDS)[0])
                        .as("on the shard, by the application's directExecutor").endsWith("false"));
    }

    private ApplicationContextRunner over(Transport transport) {
        return runner.withPropertyValues("solaster.engine.transport=" + transport.name().toLowerCase(Locale.ROOT));
    }

    private static ManagedChannel channel(ApplicationContext context) {
        return context.getBean(GrpcChannelFactory.class)
                .createChannel("static://localhost:" + context.getBean(GrpcServerLifecycle.class).getPort());
    }

    private static <T> CompletableFuture<T> await(CompletableFuture<CompletableFuture<T>> nested) {
        return nested.thenCompose(inner -> inner);
    }

    /** What the service says, and the thread on which it is heard. */
    private static CompletableFuture<String[]> call(ManagedChannel channel, CallOptions options) {
        CompletableFuture<String[]> answer = new CompletableFuture<>();
        ClientCalls.asyncUnaryCall(channel.newCall(WHERE, options), "", new StreamObserver<>() {
            @Override
            public void onNext(String said) {
                answer.complete(new String[]{said, Thread.currentThread().getName()});
            }

            @Override
            public void onError(Throwable failure) {
                answer.completeExceptionally(failure);
            }

            @Override
            public void onCompleted() {}
        });
        return answer;
    }

    @Configuration(proxyBeanMethods = false)
    static class App {

        @Bean
        SeenThreads seenThreads() {
            return new SeenThreads();
        }

        @Bean
        BindableService places() {
            return () -> ServerServiceDefinition.builder("Places").addMethod(WHERE,
                    ServerCalls.asyncUnaryCall((String asked, StreamObserver<String> answer) -> {
                        Shard shard = Shard.current();
                        answer.onNext((shard == null ? "none" : "shard " + shard.id()) + " "
                                + Thread.currentThread().isVirtual());
                        answer.onCompleted();
                    })).build();
        }

        /** Told of connections by the transport. */
        @Bean
        ServerBuilderCustomizer<NettyServerBuilder> transportFilter(SeenThreads seen) {
            return server -> server.addTransportFilter(new ServerTransportFilter() {
                @Override
                public Attributes transportReady(Attributes attributes) {
                    return seen.here(attributes);
                }
            });
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnExecutor {

        @Bean
        ServerBuilderCustomizer<NettyServerBuilder> ownExecutor() {
            return NettyServerBuilder::directExecutor;
        }
    }

    private static final class Text implements Marshaller<String> {

        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try (stream) {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
