import type { Texts } from '@/shared/i18n/pairs'

/** Texts of maps in forms, for desk and portal. */
export const placeTexts: Texts = {
  map: {
    zoom_in: ['放大', 'Zoom in'],
    zoom_out: ['缩小', 'Zoom out'],
    no_base: ['底图暂时无法加载', 'The base map can’t be loaded now'],
    none: ['尚未导入底图：yihao map import 文件.osm.pbf', 'No base map yet: yihao map import FILE.osm.pbf'],
    place_at: ['位置：经度 {lng}，纬度 {lat}', 'Place: longitude {lng}, latitude {lat}'],
    pick: ['地图选点', 'Pick on the map'],
    repick: ['重新选点', 'Pick again'],
    clear: ['清除位置', 'Clear the place'],
    pick_hint: ['单击地图选点；也可用方向键移动、加减号缩放，再取中心点。坐标按 CGCS2000 保存。', 'Click the map; or move it with the arrow keys, zoom with + and −, and take the middle. Places are kept in CGCS2000.'],
    middle: ['取地图中心', 'Take the middle'],
    device: ['我的位置', 'Where I am'],
    no_device: ['无法获得本机位置', 'This device’s position is not available'],
    crs: ['坐标系', 'Coordinate system'],
    systems: { cgcs2000: ['CGCS2000 / WGS84', 'CGCS2000 / WGS84'], gcj02: ['GCJ-02（高德、腾讯）', 'GCJ-02 (Amap, Tencent)'], bd09: ['BD-09（百度）', 'BD-09 (Baidu)'] },
    pair: ['经度，纬度', 'Longitude, latitude'],
    pair_hint: ['粘贴 经度, 纬度', 'Paste longitude, latitude'],
    bad_pair: ['请填写经度和纬度，如 112.53, 30.24', 'Longitude and latitude are needed, such as 112.53, 30.24'],
    go: ['定位', 'Go'],
    not_chosen: ['尚未选点', 'Nothing picked yet'],
    use: ['使用此位置', 'Use this place'],
  },
}
