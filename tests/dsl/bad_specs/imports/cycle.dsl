class mugen
import "../import_cycle.dsl"
