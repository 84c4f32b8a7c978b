@NullMarked
package org.espalier.space;

import org.jspecify.annotations.NullMarked;
