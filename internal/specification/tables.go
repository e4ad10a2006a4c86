package specification

import "maps"

// Tables returns every table, by name, in Markdown.
func Tables() map[string]string {
	all := map[string]string{}
	for _, group := range []map[string]string{
		layouts(), sizes(), hashTables(), treeTables(), erasureTables(), capabilityTables(), containerTables(), examples(),
	} {
		maps.Copy(all, group)
	}
	return all
}
