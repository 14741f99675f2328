package io.solaster.boot.readme;

import java.util.Queue;

import io.solaster.spring.TopicListener;
import io.solaster.spring.topic.StreamTemplate;
import org.springframework.stereotype.Service;

@Service
record Billing(StreamTemplate topics, Queue<String> bills) {
    record Order(String customer, String article) {}

    void place(Order order) {
        topics.sendAndWait("orders", order.customer(), order); // returns when it is on the disk
    }

    @TopicListener(topic = "orders", group = "billing", deadLetter = "unbilled")
    void bill(Order order) { // on the customer's shard, in a fork: it may block; acknowledged when it returns
        bills.add(order.article() + " for " + order.customer());
    }
}
