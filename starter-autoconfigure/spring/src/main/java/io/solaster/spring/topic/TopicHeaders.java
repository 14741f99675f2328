package io.solaster.spring.topic;

/** The headers that messages of topics have beside the application's own. */
public final class TopicHeaders {
    /** What all of ours begin with; none of them is carried on when a message is sent elsewhere, but for the key. */
    public static final String PREFIX = "solaster_";
    /** The entry's key, as bytes; {@code @Header} makes text of it. To be sent: text, bytes, a number or a UUID. */
    public static final String KEY = PREFIX + "key";
    /** The topic that the message came by. */
    public static final String RECEIVED_TOPIC = PREFIX + "receivedTopic";
    /** The partition that it came by. */
    public static final String RECEIVED_PARTITION = PREFIX + "receivedPartition";
    /** Its number in the partition, a {@code Long}. */
    public static final String SEQUENCE = PREFIX + "sequence";
    /** When its shard took it, a {@code Long}: milliseconds since 1970. */
    public static final String RECEIVED_TIME = PREFIX + "receivedTime";
    /** The group that took it. */
    public static final String GROUP = PREFIX + "group";
    /** How often this process has tried it, from 1 on. */
    public static final String ATTEMPT = PREFIX + "attempt";
    /** The shard that it runs on. */
    static final String SHARD = PREFIX + "shard";

    /** Of a dead letter: the topic that it was published to first. */
    public static final String DEAD_TOPIC = "x-original-topic";
    /** Of a dead letter: the partition that it was published to. */
    public static final String DEAD_PARTITION = "x-original-partition";
    /** Of a dead letter: where it was in the partition. */
    public static final String DEAD_SEQUENCE = "x-original-sequence";
    /** Of a dead letter: the group that could not take it. */
    public static final String DEAD_GROUP = "x-original-group";
    /** Of a dead letter: the class of the last exception. */
    public static final String DEAD_EXCEPTION = "x-exception";
    /** Of a dead letter: the message of the last exception, the first 1024 characters. */
    public static final String DEAD_MESSAGE = "x-exception-message";

    private TopicHeaders() {}
}
