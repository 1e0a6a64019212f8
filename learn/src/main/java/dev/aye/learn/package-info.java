@org.jspecify.annotations.NullMarked
package dev.aye.learn;
