@NullMarked
package org.espalier.backend;

import org.jspecify.annotations.NullMarked;
