@org.jspecify.annotations.NullMarked
package dev.aye.media;
