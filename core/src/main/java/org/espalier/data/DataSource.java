package org.espalier.data;

import java.util.function.Function;

/**
 * A kind of data that {@code --data NAME:ARGUMENT} can name. To add one, write a file with such a
 * record and name it in {@link Datasets}.
 *
 * @param name what stands before the colon
 * @param usage how it is written, such as {@code idx:DIR}
 * @param description one line on what is read
 * @param open from what stands after the colon, empty if there is none, to the data; throws {@link
 *     org.espalier.InputException} where it cannot be used
 */
public record DataSource(
    String name, String usage, String description, Function<String, Dataset> open) {}
